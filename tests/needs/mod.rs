//! What a test needs from outside of the repository: the loadable library, programs and packages, and data in `../shared`. Where a program
//! or a package is missing, the test says so and does nothing; under `.ci/run`, which installs them all and sets `AUTHZ_STRICT`, it fails.
//! The data are not a part of the repository, so a test passes without them wherever there is no `../shared` at all.
#![allow(dead_code)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Past the test harness, which keeps to itself what a passing test prints.
pub fn aloud(sentence: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{sentence}");
}

/// Says that a test does nothing. Fails where nothing may be missing.
pub fn skip(what: &str) {
    assert!(std::env::var_os("AUTHZ_STRICT").is_none(), "{what} is missing, and AUTHZ_STRICT says that nothing may be");
    aloud(&format!("SKIPPED: {what} is missing; `.ci/run` installs it"));
}

/// How many random cases a test of properties tries: many more in a long run.
pub fn cases(usual: u32) -> u32 {
    if std::env::var("AUTHZ_LONG").is_ok_and(|value| value == "1") { 16 * usual } else { usual }
}

/// Whether a file or folder is there that `.ci/run` installs.
pub fn is_installed(path: &Path, what: &str) -> bool {
    if !path.exists() {
        skip(what);
    }
    path.exists()
}

/// Where a program is that `.ci/run` installs.
pub fn program(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        skip(&format!("the program `{name}`"));
    }
    found
}

/// A Python in which a line of code runs: one of `candidates`, a path within the repository or a name.
pub fn python(candidates: &[&str], line: &str, what: &str) -> Option<PathBuf> {
    let paths = candidates.iter().map(|name| if name.starts_with("target/") { root().join(name) } else { PathBuf::from(name) });
    let found = paths.into_iter().find(|python| {
        let asked = Command::new(python).args(["-c", line]).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    });
    if found.is_none() {
        skip(what);
    }
    found
}

/// The path of a file in the folder of data, `../shared/data`; `None`, said aloud, where there is no `../shared`.
pub fn shared(file: &str) -> Option<PathBuf> {
    let folder = root().join("../shared");
    if !folder.exists() {
        aloud(&format!("NOT TESTED: there is no folder ../shared, and so no {file}"));
        return None;
    }
    let path = folder.join("data").join(file);
    assert!(path.is_file(), "../shared is there and lacks data/{file}");
    Some(path)
}

/// The text of such a file.
pub fn shared_text(file: &str) -> Option<String> {
    shared(file).map(|path| std::fs::read_to_string(path).unwrap())
}

/// The loadable library, built once: into a directory of its own, for cargo holds the lock on the usual one while tests run.
pub fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let directory = root().join("target/loadable");
        let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["loadable", "--quiet", "--target-dir"])
            .arg(&directory)
            .current_dir(root())
            .status()
            .unwrap();
        assert!(status.success(), "`cargo loadable` failed");
        let name = format!("{}authz{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        let path = directory.join("release").join(name);
        assert!(path.is_file(), "`cargo loadable` left no {}", path.display());
        path
    })
}
