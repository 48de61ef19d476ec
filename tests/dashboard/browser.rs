//! Chromium, driven as the WebDriver protocol says: <https://www.w3.org/TR/webdriver2/>.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::needs;
use crate::server::request;

/// Keys that have no character.
pub const CONTROL: &str = "\u{e009}";
pub const ENTER: &str = "\u{e007}";
pub const ESCAPE: &str = "\u{e00c}";
pub const DOWN: &str = "\u{e015}";
pub const UP: &str = "\u{e013}";
pub const TAB: &str = "\u{e004}";

/// A browser with one window; both it and its driver end with the test.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// `None`, said aloud, where the machine has no Chromium with its driver.
    pub fn start() -> Option<Browser> {
        let (chromium, driver) = (needs::program("chromium")?, needs::program("chromedriver")?);
        let mut driver =
            Command::new(driver).arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(said.read_line(&mut line).unwrap() > 0, "chromedriver did not start");
            if let Some((_, port)) = line.trim_end().trim_end_matches('.').split_once("successfully on port ") {
                break port.parse().unwrap();
            }
        };
        // It goes on talking, and would stop when nobody listens.
        thread::spawn(move || said.lines().count());
        let mut browser = Browser { driver, port, session: String::new() };
        let options = json!({
            "binary": chromium,
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"],
        });
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}});
        let begun = browser.send("POST", "/session", &wanted);
        browser.session = begun["sessionId"].as_str().unwrap().to_owned();
        Some(browser)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let host = format!("127.0.0.1:{}", self.port);
        let headers = [("Host", host.as_str()), ("Content-Type", "application/json")];
        let answer = request(self.port, method, path, &headers, &body.to_string());
        let mut answered: Value = serde_json::from_str(&answer.body).unwrap();
        assert!(answer.status == 200, "{method} {path}: {}", answered["value"]["message"]);
        answered["value"].take()
    }

    fn command(&self, path: &str, body: &Value) -> Value {
        self.send("POST", &format!("/session/{}/{path}", self.session), body)
    }

    /// What only Chromium's own protocol can do.
    fn devtools(&self, command: &str, parameters: &Value) {
        self.command("goog/cdp/execute", &json!({"cmd": command, "params": parameters}));
    }

    pub fn go(&self, url: &str) {
        self.command("url", &json!({"url": url}));
    }

    /// The value of a JavaScript function's body.
    pub fn run(&self, script: &str) -> Value {
        self.command("execute/sync", &json!({"script": script, "args": []}))
    }

    /// The same, where the script says it by calling `done`.
    pub fn run_to_end(&self, script: &str) -> Value {
        self.command("execute/async", &json!({"script": format!("const done = arguments[arguments.length - 1]; {script}"), "args": []}))
    }

    /// Presses keys one after the other, all of them with `held` down.
    pub fn press(&self, held: Option<&str>, keys: &str) {
        let mut actions = Vec::new();
        actions.extend(held.map(|key| json!({"type": "keyDown", "value": key})));
        for key in keys.chars() {
            actions.push(json!({"type": "keyDown", "value": key}));
            actions.push(json!({"type": "keyUp", "value": key}));
        }
        actions.extend(held.map(|key| json!({"type": "keyUp", "value": key})));
        self.command("actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}));
    }

    /// Waits until a script's value is true.
    pub fn until(&self, what: &str, script: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            // The page may be on its way out.
            let body = json!({"script": script, "args": []});
            let host = format!("127.0.0.1:{}", self.port);
            let headers = [("Host", host.as_str()), ("Content-Type", "application/json")];
            let answer = request(self.port, "POST", &format!("/session/{}/execute/sync", self.session), &headers, &body.to_string());
            if serde_json::from_str::<Value>(&answer.body).unwrap()["value"] == json!(true) {
                return;
            }
            assert!(Instant::now() < end, "in vain: {what}, on {}", self.run("return location.href + '\\n' + document.body.innerText"));
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// How wide the window is, and which colours the person prefers.
    pub fn look(&self, width: u32, scheme: &str) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false}),
        );
        self.devtools("Emulation.setEmulatedMedia", &json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}));
    }

    /// What the browser complained of since it was asked last: scripts that failed, policies that were violated, answers that did not come.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.command("se/log", &json!({"type": "browser"}));
        let severe = log.as_array().unwrap().iter().filter(|entry| entry["level"] == "SEVERE");
        severe.map(|entry| entry["message"].as_str().unwrap().to_owned()).collect()
    }

    /// Violations that axe-core finds on the page by the rules named, or by all; `None` where it is not installed.
    pub fn violations(&self, rules: &[&str]) -> Option<Vec<String>> {
        let axe = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe/package/axe.min.js");
        if !needs::is_installed(&axe, "axe-core, in target/axe,") {
            return None;
        }
        let source = std::fs::read_to_string(axe).unwrap();
        self.run(&format!("if (!window.axe) {{ {source} }}"));
        let only = if rules.is_empty() { String::new() } else { format!("runOnly: {}, ", json!(rules)) };
        let found = self.run_to_end(&format!(
            "axe.run(document, {{{only}resultTypes: ['violations']}}).then((found) => done(found.violations.map((one) =>
               one.id + ': ' + one.help + ': ' + one.nodes.slice(0, 3).map((node) => node.html + ' (' + node.failureSummary + ')').join(' | '))),
             (error) => done(['axe failed: ' + error]))",
        ));
        Some(found.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let host = format!("127.0.0.1:{}", self.port);
            request(self.port, "DELETE", &format!("/session/{}", self.session), &[("Host", &host)], "");
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
