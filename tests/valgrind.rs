//! The loadable library in the stock shell under valgrind: every call of `tests/calls`, and not one error of memory. Run by `.ci/full`, for it
//! takes minutes: `cargo test --test valgrind -- --ignored`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod calls;
mod needs;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use authz::rusqlite::Connection;
use calls::{CALLS, Form, Kind};

/// The library as it is compiled for debugging, so that valgrind can name lines.
fn library() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/valgrind");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["rustc", "--quiet", "--lib", "--crate-type", "cdylib", "--no-default-features", "--features", "loadable", "--target-dir"])
        .arg(&folder)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success(), "the library was not built");
    folder.join("debug").join(format!("{}authz{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX))
}

/// A session that makes the world and then every call, each within a transaction that is rolled back.
fn session(library: &Path) -> String {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    let load = format!(".load {}", library.with_extension("").display());
    let mut script = format!("{load}\nSELECT length(authz_migrate());\nBEGIN;\n{};\nCOMMIT;\n", calls::WORLD);
    for call in CALLS.iter().filter(|call| call.file == calls::File::World) {
        let kind = call.kind(&connection);
        let forms: &[Form] = if kind == Kind::Writes { &[Form::Select, Form::Insert] } else { &[Form::Select] };
        for &form in forms.iter().filter(|form| call.has(**form)) {
            let mut sql = call.sql(kind, form);
            for (place, argument) in call.arguments.iter().enumerate().rev() {
                sql = sql.replace(&format!("?{}", place + 1), argument);
            }
            write!(script, "{}\nBEGIN;\n{}\n{sql};\nROLLBACK;\n", statement(call.file_ready), statement(call.connection_ready)).unwrap();
            if !call.connection_ready.is_empty() {
                // What was set on the connection goes with it.
                write!(script, ".open world.db\n{load}\n").unwrap();
            }
        }
    }
    script
}

fn statement(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{text};") }
}

#[test]
#[ignore = "takes minutes; .ci/full runs it"]
fn every_call_is_without_errors_of_memory() {
    let (Some(valgrind), Some(shell)) = (needs::program("valgrind"), needs::program("sqlite3")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (script, told) = (folder.path().join("session.sql"), folder.path().join("told"));
    std::fs::write(&script, session(&library())).unwrap();
    let answer = Command::new(valgrind)
        .args(["--quiet", "--error-exitcode=99", "--leak-check=no", "--num-callers=30"])
        .arg(format!("--log-file={}", told.display()))
        .arg(shell)
        .args(["-batch", "-init", "/dev/null"])
        .arg("world.db")
        .current_dir(folder.path())
        .stdin(std::fs::File::open(&script).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&answer.stderr).into_owned();
    let found = std::fs::read_to_string(&told).unwrap();
    assert_eq!((found.as_str(), said.as_str()), ("", ""), "valgrind found something, or the shell failed: {:?}", answer.status);
    assert!(answer.status.success());
}
