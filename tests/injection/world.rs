//! Files to make calls on, and connections to them.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use authz::rusqlite::{Connection, OpenFlags, ffi};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::answers::{Answers, ask};
use crate::calls::{Call, File, WORLD, run};
use crate::content::{Dump, dump};
use crate::{disk, memory};

/// The folder that a process hands on to those that it begins, so that they find there what was made before.
pub const FOLDER: &str = "AUTHZ_INJECTION_FOLDER";

/// Where files are. What an earlier run left is removed, unless it was in use within the last hour.
pub static HERE: LazyLock<PathBuf> = LazyLock::new(|| {
    if let Some(given) = std::env::var_os(FOLDER) {
        return given.into();
    }
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("injection");
    std::fs::create_dir_all(&parent).unwrap();
    for entry in std::fs::read_dir(&parent).unwrap().flatten() {
        let modified = entry.metadata().and_then(|found| found.modified());
        if modified.is_ok_and(|time| time.elapsed().is_ok_and(|passed| passed > Duration::from_secs(3600))) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let own = parent.join(std::process::id().to_string());
    std::fs::create_dir_all(&own).unwrap();
    own
});

/// The path of a file of this process.
pub fn own_path(name: &str) -> PathBuf {
    HERE.join(format!("{name}-{}.db", std::process::id()))
}

/// What another process has found out under this name or, if none has, what this one finds out.
pub fn once<T: Serialize + DeserializeOwned>(name: &str, find_out: impl FnOnce() -> T) -> T {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let path = HERE.join(format!("{:016x}.json", hasher.finish()));
    if let Some(known) = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()) {
        return known;
    }
    let found = find_out();
    put(&path, |to| std::fs::write(to, serde_json::to_vec(&found).unwrap()).unwrap());
    found
}

/// Puts a file in its place at once and as a whole.
fn put(path: &Path, write: impl FnOnce(&Path)) {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let draft = HERE.join(format!("draft-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    write(&draft);
    std::fs::rename(&draft, path).unwrap();
}

/// Whether connections have no memory at hand, so that each allocation of theirs is one of the allocator.
pub static TAKES_ALL_FROM_ALLOCATOR: AtomicBool = AtomicBool::new(false);

/// A connection of the host: on the disk that can fail, and not waiting for locks.
pub fn open(path: &Path) -> Connection {
    memory::start();
    disk::start();
    let connection = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), disk::NAME).unwrap();
    if TAKES_ALL_FROM_ALLOCATOR.load(Ordering::Relaxed) {
        // SAFETY: the handle is open, nothing of what is at hand is in use yet, and these are the arguments of this verb.
        let code = unsafe {
            ffi::sqlite3_db_config(connection.handle(), ffi::SQLITE_DBCONFIG_LOOKASIDE, std::ptr::null_mut::<u8>(), 0_i32, 0_i32)
        };
        assert_eq!(code, ffi::SQLITE_OK);
    }
    connection.busy_timeout(Duration::ZERO).unwrap();
    connection
}

/// The same, with the library.
pub fn open_with_library(path: &Path) -> Connection {
    let connection = open(path);
    authz::register(&connection).unwrap();
    connection
}

/// A path for a file of this thread, and nothing there.
pub fn fresh_path(name: &str) -> PathBuf {
    thread_local! {
        static OWN: Cell<u64> = const { Cell::new(0) };
    }
    static NEXT: AtomicU64 = AtomicU64::new(1);
    if OWN.get() == 0 {
        OWN.set(NEXT.fetch_add(1, Ordering::Relaxed));
    }
    let path = own_path(&format!("{name}{}", OWN.get()));
    for ending in ["", "-journal", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
    }
    path
}

/// A file for a call before it is made, with what is in it and what is answered about it.
#[derive(Serialize, Deserialize)]
pub struct Base {
    pub path: PathBuf,
    pub before: Dump,
    pub answers: Answers,
}

/// The file for a call.
pub fn base(call: &Call) -> Arc<Base> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Base>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let name = format!("base {:?} {:?} {:?}", call.file, call.file_ready, call.connection_ready);
    let base = known.entry(name).or_insert_with_key(|name| Arc::new(once(name, || make_base(call, name))));
    Arc::clone(base)
}

fn make_base(call: &Call, name: &str) -> Base {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let path = HERE.join(format!("base-{:016x}.db", hasher.finish()));
    put(&path, |path| {
        if call.file == File::World {
            std::fs::copy(world(), path).unwrap();
        }
        let connection = open_with_library(path);
        run(&connection, call.file_ready);
        run(&connection, "CREATE TABLE host_rows (value TEXT)");
    });
    let connection = open_with_library(&path);
    run(&connection, call.connection_ready);
    Base { before: dump(&connection), answers: ask(&connection), path }
}

/// A file with the world.
fn world() -> &'static Path {
    static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = HERE.join("world.db");
        if !path.exists() {
            put(&path, |path| {
                let connection = open_with_library(path);
                authz::migrate(&connection).unwrap();
                run(&connection, &format!("BEGIN; {WORLD}; COMMIT"));
            });
        }
        path
    });
    &FILE
}
