//! What a test needs from outside of the repository: the loadable library, programs and packages. Where one is missing, the test says so
//! and does nothing; under `.ci/run`, which installs them all, it fails.
#![allow(dead_code)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Says that a test does nothing, past the test harness, which keeps to itself what a passing test prints. Fails where nothing may be
/// missing.
pub fn skip(what: &str) {
    assert!(std::env::var_os("AUTHZ_STRICT").is_none(), "{what} is missing, and AUTHZ_STRICT says that nothing may be");
    let _ = writeln!(std::io::stderr().lock(), "SKIPPED: {what} is missing; `.ci/run` installs it");
}

/// Whether a file or folder is there that `.ci/run` installs.
pub fn is_installed(path: &Path, what: &str) -> bool {
    if !path.exists() {
        skip(what);
    }
    path.exists()
}

/// The loadable library, built once: into a directory of its own, for cargo holds the lock on the usual one while tests run.
pub fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let directory = root.join("target/loadable");
        let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["loadable", "--quiet", "--target-dir"])
            .arg(&directory)
            .current_dir(root)
            .status()
            .unwrap();
        assert!(status.success(), "`cargo loadable` failed");
        let name = format!("{}authz{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        let path = directory.join("release").join(name);
        assert!(path.is_file(), "`cargo loadable` left no {}", path.display());
        path
    })
}
