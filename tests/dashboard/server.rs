//! A dashboard as a process of its own, and requests as anybody on the machine could send them.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// An answer: status, headers by their names in lower case, body.
pub struct Answer {
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub body: String,
}

/// Sends a request as it stands and reads the answer to its end.
pub fn request(port: u16, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut text = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if method == "POST" {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    stream.write_all(format!("{text}\r\n{body}").as_bytes()).unwrap();
    read(&mut BufReader::new(stream))
}

fn read(stream: &mut BufReader<TcpStream>) -> Answer {
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap_or_else(|| panic!("no status in `{line}`")).parse().unwrap();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.trim().to_owned()),
            None => break,
        };
    }
    let mut body = Vec::new();
    match headers.get("content-length") {
        Some(length) => {
            body.resize(length.parse().unwrap(), 0);
            stream.read_exact(&mut body).unwrap();
        }
        None => {
            stream.read_to_end(&mut body).unwrap();
        }
    }
    Answer { status, headers, body: String::from_utf8(body).unwrap() }
}

/// A dashboard that ends with the test.
pub struct Dashboard {
    process: Child,
    /// The URL that it printed
    pub first_url: String,
    pub port: u16,
}

impl Dashboard {
    pub fn start(db: &Path, more: &[&str]) -> Dashboard {
        let mut command = Command::new(env!("CARGO_BIN_EXE_authz"));
        Dashboard::run(command.arg("dashboard").arg(db).args(["--no-open", "--port", "0"]).args(more))
    }

    /// Runs a command that starts one.
    pub fn run(command: &mut Command) -> Dashboard {
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first_url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first_url).unwrap();
        let first_url = first_url.trim_end().to_owned();
        let port =
            first_url.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.split_once('/')).unwrap_or_else(|| panic!("`{first_url}`")).0;
        Dashboard { port: port.parse().unwrap(), process, first_url }
    }

    /// Asks it to end; its exit status and what it said.
    pub fn end(mut self, signal: &str) -> (Option<i32>, String) {
        assert!(Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap().success());
        let status = self.process.wait().unwrap();
        let mut said = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (status.code(), said)
    }

    /// Opens it as a browser would: goes through the first URL and keeps the cookie.
    pub fn open(&self) -> Visitor {
        let target = self.first_url.strip_prefix(&format!("http://127.0.0.1:{}", self.port)).unwrap();
        let host = format!("127.0.0.1:{}", self.port);
        let answer = request(self.port, "GET", target, &[("Host", &host)], "");
        assert_eq!(answer.status, 303, "{}", answer.body);
        let cookie = answer.headers["set-cookie"].split(';').next().unwrap().to_owned();
        let place = answer.headers["location"].strip_suffix("/overview").unwrap().to_owned();
        Visitor { port: self.port, host, cookie, place }
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Somebody with a cookie.
pub struct Visitor {
    pub port: u16,
    pub host: String,
    pub cookie: String,
    /// The path that everything lies below
    pub place: String,
}

impl Visitor {
    pub fn get(&self, page: &str) -> Answer {
        request(self.port, "GET", &format!("{}/{page}", self.place), &[("Host", &self.host), ("Cookie", &self.cookie)], "")
    }

    pub fn post(&self, action: &str, form: &str) -> Answer {
        let origin = format!("http://{}", self.host);
        let headers = [
            ("Host", self.host.as_str()),
            ("Cookie", &self.cookie),
            ("Origin", &origin),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        request(self.port, "POST", &format!("{}/{action}", self.place), &headers, form)
    }
}
