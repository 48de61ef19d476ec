//! How the browser is opened: nobody else on the machine learns the way in.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::browser::Browser;
use crate::demo;
use crate::server::Dashboard;

/// Starts a dashboard that opens a browser, which here is a program that writes down its arguments. → What it was given.
fn opened(folder: &Path) -> (Dashboard, String) {
    let programs = folder.join("bin");
    fs::create_dir(&programs).unwrap();
    let opener = programs.join("xdg-open");
    fs::write(&opener, "#!/bin/sh\nprintf '%s' \"$*\" > \"$0.new\"\nmv \"$0.new\" \"$0.given\"\n").unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let db = demo(folder);
    let mut command = Command::new(env!("CARGO_BIN_EXE_authz"));
    let dashboard = Dashboard::run(command.arg("dashboard").arg(&db).args(["--port", "0"]).env("PATH", path));
    let given = programs.join("xdg-open.given");
    while !given.exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    (dashboard, fs::read_to_string(given).unwrap())
}

#[test]
fn the_token_is_in_no_argument() {
    let folder = tempfile::tempdir().unwrap();
    let (dashboard, given) = opened(folder.path());
    let token = dashboard.first_url.split_once("token=").unwrap().1;
    assert!(!given.contains(token), "{given}");
    let file = PathBuf::from(&given);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    assert!(fs::read_to_string(&file).unwrap().contains(&dashboard.first_url));
    // Once somebody has come in, nothing is left of it.
    dashboard.open();
    assert!(!file.parent().unwrap().exists());
}

#[test]
fn nothing_is_left_when_nobody_came_in() {
    let folder = tempfile::tempdir().unwrap();
    let (dashboard, given) = opened(folder.path());
    assert_eq!(dashboard.end("-TERM").0, Some(0));
    assert!(!Path::new(&given).parent().unwrap().exists());
}

#[test]
fn the_file_leads_a_browser_in_and_the_url_leads_it_back() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (dashboard, given) = opened(folder.path());
    browser.go(&format!("file://{given}"));
    let is_in = "return location.pathname.endsWith('/overview') && document.readyState === 'complete' && !!document.getElementById('main')";
    browser.until("the first page", is_in);
    // The terminal's URL again, in the browser that is in already.
    browser.go("about:blank");
    browser.go(&dashboard.first_url);
    browser.until("the first page again", is_in);
    // By the name of this machine the cookie is not sent; the page says where it would be.
    browser.go(&format!("http://localhost:{}/", dashboard.port));
    let link = browser.run("return document.querySelector('a').href");
    assert_eq!(link, format!("http://127.0.0.1:{}/", dashboard.port));
    // Somebody else with the same URL comes too late.
    let Some(other) = Browser::start() else { return };
    other.go(&dashboard.first_url);
    other.until("a sentence", "return location.pathname.endsWith('/overview') && document.body.innerText.includes('no session here')");
}
