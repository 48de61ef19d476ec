//! The entry point of the loadable library: what `.load libauthz` and `load_extension('libauthz')` call.
//!
//! SQLite derives the name `sqlite3_authz_init` from `libauthz.so`, `authz.dll` and `libauthz.dylib` alike, so no entry point has to be
//! named. Loading registers and does nothing else: it writes no file, and needs no schema.

use std::ffi::{c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::{Connection, ffi};

use super::error::{Error, words_of_sqlite};

/// The oldest SQLite that serves as a host: the first with `unixepoch()` and with JSON built in.
const OLDEST_HOST: c_int = 3_038_000;

/// Called by SQLite when the library is loaded.
///
/// A host that is too old, or whose connection refuses a function, gets a sentence through `error_message` and `SQLITE_ERROR`.
///
/// # Safety
/// SQLite calls it, with a connection, a place for a message and its table of functions.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sqlite3_authz_init(
    connection: *mut ffi::sqlite3,
    error_message: *mut *mut c_char,
    api: *mut ffi::sqlite3_api_routines,
) -> c_int {
    // SAFETY: the pointers are SQLite's own, handed on as they came.
    let started = catch_unwind(AssertUnwindSafe(|| unsafe { start(connection, error_message, api) }));
    started.unwrap_or_else(|_| {
        stay_in_memory();
        // SAFETY: as above.
        unsafe { say(error_message, api, "authz: internal error while loading; please report it") };
        ffi::SQLITE_ERROR
    })
}

/// # Safety
/// As for the entry point.
unsafe fn start(connection: *mut ffi::sqlite3, error_message: *mut *mut c_char, api: *mut ffi::sqlite3_api_routines) -> c_int {
    // rusqlite compares the host with the version that its own bindings were made for, so the floor is looked at first. The number is
    // asked of the table and not of the bindings, which are empty until they are initialised and panic when called before.
    // SAFETY: a table of functions only ever grew at its end, and the version number stands far in front.
    let version = unsafe { api.as_ref() }.and_then(|api| api.libversion_number).map_or(0, |number| unsafe { number() });
    if let Err(sentence) = accept_host(version) {
        // SAFETY: as above.
        unsafe { say(error_message, api, &sentence) };
        return ffi::SQLITE_ERROR;
    }
    // SAFETY: as above.
    unsafe { Connection::extension_init2(connection, error_message, api, register) }
}

/// Registers everything. `true` keeps the library mapped: unloaded with the connection and loaded again, it would leave behind each time
/// what it has allocated for good.
fn register(connection: Connection) -> rusqlite::Result<bool> {
    // SQLite refuses to replace a function while a statement runs, and `SELECT load_extension(…)` is one. So a second load leaves alone
    // what the first one has set up.
    match loaded(&connection) {
        Some(version) if version == env!("CARGO_PKG_VERSION") => return Ok(true),
        Some(version) => {
            let sentence =
                format!("version {version} is already loaded in this connection; open another for {}", env!("CARGO_PKG_VERSION"));
            return Err(told(&Error::refused(sentence)));
        }
        None => {}
    }
    crate::register(&connection).map_err(|error| {
        stay_in_memory();
        told(&error)
    })?;
    Ok(true)
}

/// A sentence for the host, always: without one, a shell prints an empty line.
fn told(error: &Error) -> rusqlite::Error {
    let text = match error {
        Error::Sqlite(inner) if error.code() & 0xff == ffi::SQLITE_BUSY => match words_of_sqlite(inner) {
            words if words.contains("user-function") => {
                "authz: an earlier load of this library failed half-way on this connection; open another connection".to_owned()
            }
            words => format!("authz: another connection is writing to the file ({words}); load the library again"),
        },
        other => format!("authz: {other}"),
    };
    rusqlite::Error::SqliteFailure(ffi::Error::new(error.code()), Some(text))
}

/// The version of this library that the connection has loaded before.
fn loaded(connection: &Connection) -> Option<String> {
    connection.query_row("SELECT authz_version()", [], |row| row.get(0)).ok()
}

/// Whether a host of this version can be served, and if not, why.
fn accept_host(version: c_int) -> Result<(), String> {
    if version >= OLDEST_HOST {
        return Ok(());
    }
    let written = |number: c_int| format!("{}.{}.{}", number / 1_000_000, number / 1_000 % 1_000, number % 1_000);
    Err(format!("authz: SQLite {} is older than {}, the oldest that can load this library", written(version), written(OLDEST_HOST)))
}

/// Hands a message to SQLite, which frees it: so it comes from SQLite's own allocator.
///
/// # Safety
/// `error_message` is null or writable, `api` null or a table of functions.
unsafe fn say(error_message: *mut *mut c_char, api: *mut ffi::sqlite3_api_routines, sentence: &str) {
    // SAFETY: by the contract above.
    let Some(malloc) = (unsafe { api.as_ref() }).and_then(|api| api.malloc) else { return };
    let Ok(size) = c_int::try_from(sentence.len() + 1) else { return };
    if error_message.is_null() {
        return;
    }
    // SAFETY: the block is large enough for the sentence and its end, and the two do not overlap.
    unsafe {
        let text = malloc(size).cast::<c_char>();
        if !text.is_null() {
            text.copy_from_nonoverlapping(sentence.as_ptr().cast(), sentence.len());
            text.add(sentence.len()).write(0);
            *error_message = text;
        }
    }
}

/// Keeps the library mapped for as long as the process lives. SQLite unloads a library whose entry point failed, while functions that
/// it had registered by then stay with the connection: they would point into nothing.
#[cfg(unix)]
fn stay_in_memory() {
    #[repr(C)]
    struct Place {
        file: *const c_char,
        base: *mut c_void,
        symbol: *const c_char,
        address: *mut c_void,
    }
    unsafe extern "C" {
        fn dladdr(address: *const c_void, place: *mut Place) -> c_int;
        fn dlopen(file: *const c_char, flags: c_int) -> *mut c_void;
    }
    const RTLD_LAZY: c_int = 1;

    let mut place = Place { file: std::ptr::null(), base: std::ptr::null_mut(), symbol: std::ptr::null(), address: std::ptr::null_mut() };
    // SAFETY: the address is one of ours, and the structure is that of POSIX. Opening the file once more only counts it up.
    unsafe {
        if dladdr(sqlite3_authz_init as *const c_void, &raw mut place) != 0 && !place.file.is_null() {
            dlopen(place.file, RTLD_LAZY);
        }
    }
}

/// As on Unix.
#[cfg(windows)]
fn stay_in_memory() {
    unsafe extern "system" {
        fn GetModuleHandleExA(flags: u32, address: *const c_void, module: *mut *mut c_void) -> i32;
    }
    const PIN: u32 = 1;
    const FROM_ADDRESS: u32 = 4;

    let mut module = std::ptr::null_mut();
    // SAFETY: the address is one of ours, and the handle is written to a variable that lives.
    unsafe { GetModuleHandleExA(PIN | FROM_ADDRESS, sqlite3_authz_init as *const c_void, &raw mut module) };
}

#[cfg(test)]
mod tests {
    use super::accept_host;

    #[test]
    fn old_hosts_get_a_sentence() {
        for version in [3_038_000, 3_038_005, 3_040_001, 3_053_002, 4_000_000] {
            assert_eq!(accept_host(version), Ok(()));
        }
        for (version, written) in [(3_037_002, "3.37.2"), (3_007_017, "3.7.17"), (0, "0.0.0")] {
            let sentence = format!("authz: SQLite {written} is older than 3.38.0, the oldest that can load this library");
            assert_eq!(accept_host(version), Err(sentence));
        }
    }
}
