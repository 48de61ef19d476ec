//! A disk that fails: a VFS that wraps the default one, in which the n-th operation of a kind on a thread fails.
//!
//! Nothing is really synced and nobody really sleeps: no test pulls the plug, and all are faster for it.

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::size_of;
use std::sync::{Once, OnceLock};

use authz::rusqlite::ffi;

/// The name of the VFS.
pub const NAME: &CStr = c"failing";

/// What can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Read,
    Write,
    Sync,
    Truncate,
    Lock,
    MapShared,
    LockShared,
    Open,
    Delete,
    Size,
}

pub const OPERATIONS: [Operation; 10] = [
    Operation::Read,
    Operation::Write,
    Operation::Sync,
    Operation::Truncate,
    Operation::Lock,
    Operation::MapShared,
    Operation::LockShared,
    Operation::Open,
    Operation::Delete,
    Operation::Size,
];

impl Operation {
    /// The codes that it may fail with.
    pub fn codes(self) -> &'static [c_int] {
        match self {
            Operation::Read => &[ffi::SQLITE_IOERR_READ],
            Operation::Write => &[ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_FULL],
            Operation::Sync => &[ffi::SQLITE_IOERR_FSYNC],
            Operation::Truncate => &[ffi::SQLITE_IOERR_TRUNCATE],
            Operation::Lock => &[ffi::SQLITE_BUSY, ffi::SQLITE_IOERR_LOCK],
            Operation::MapShared => &[ffi::SQLITE_IOERR_SHMMAP],
            Operation::LockShared => &[ffi::SQLITE_BUSY, ffi::SQLITE_IOERR_SHMLOCK],
            Operation::Open => &[ffi::SQLITE_CANTOPEN],
            Operation::Delete => &[ffi::SQLITE_IOERR_DELETE],
            Operation::Size => &[ffi::SQLITE_IOERR_FSTAT],
        }
    }
}

/// What is to happen on this thread.
#[derive(Clone, Copy)]
struct Plan {
    /// What fails, where, and with which code
    fails: Option<(Operation, u64, c_int)>,
    is_lasting: bool,
    /// The connection that is interrupted, and at which operation of any kind
    interrupts: Option<(*mut ffi::sqlite3, u64)>,
    seen: [u64; OPERATIONS.len()],
    failed: u64,
}

const IDLE: Plan = Plan { fails: None, is_lasting: false, interrupts: None, seen: [0; OPERATIONS.len()], failed: 0 };

thread_local! {
    static PLAN: Cell<Plan> = const { Cell::new(IDLE) };
}

/// Counts from now on, and fails nothing.
pub fn count() {
    PLAN.set(IDLE);
}

/// Fails the `at`-th operation of a kind; where it is lasting, all after it too.
pub fn arm(operation: Operation, at: u64, code: c_int, is_lasting: bool) {
    PLAN.set(Plan { fails: Some((operation, at, code)), is_lasting, ..IDLE });
}

/// Interrupts a connection at the `at`-th operation of any kind.
pub fn interrupt(connection: *mut ffi::sqlite3, at: u64) {
    PLAN.set(Plan { interrupts: Some((connection, at)), ..IDLE });
}

/// Ends it: how many operations there were of each kind, and how many failed or interrupted.
pub fn disarm() -> ([u64; OPERATIONS.len()], u64) {
    let plan = PLAN.replace(IDLE);
    (plan.seen, plan.failed)
}

/// The code that an operation has to fail with, if it has to.
fn failure(operation: Operation) -> Option<c_int> {
    let mut plan = PLAN.get();
    let seen = &mut plan.seen[operation as usize];
    *seen += 1;
    let now = *seen;
    let code = match plan.fails {
        Some((kind, at, code)) if kind == operation && (now == at || (plan.is_lasting && now > at)) => Some(code),
        _ => None,
    };
    plan.failed += u64::from(code.is_some());
    if let Some((connection, at)) = plan.interrupts
        && plan.seen.iter().sum::<u64>() == at
    {
        plan.failed += 1;
        // SAFETY: whoever armed it keeps the connection open meanwhile.
        unsafe { ffi::sqlite3_interrupt(connection) };
    }
    PLAN.set(plan);
    code
}

struct Real(*mut ffi::sqlite3_vfs);

// SAFETY: the default VFS lives as long as the process and is used by all threads.
unsafe impl Send for Real {}
// SAFETY: as above.
unsafe impl Sync for Real {}

static REAL: OnceLock<Real> = OnceLock::new();

fn real() -> *mut ffi::sqlite3_vfs {
    REAL.get().unwrap().0
}

/// Registers the VFS, not as the default.
pub fn start() {
    static START: Once = Once::new();
    START.call_once(|| {
        // SAFETY: the structure is copied from one that is registered, and lives as long as the process.
        unsafe {
            let found = ffi::sqlite3_vfs_find(std::ptr::null());
            assert!(REAL.set(Real(found)).is_ok());
            let own = Box::leak(Box::new(ffi::sqlite3_vfs {
                szOsFile: (size_of::<File>() as c_int) + (*found).szOsFile,
                pNext: std::ptr::null_mut(),
                zName: NAME.as_ptr(),
                pAppData: std::ptr::null_mut(),
                xOpen: Some(open),
                xDelete: Some(delete),
                xAccess: Some(access),
                xFullPathname: Some(full_path_name),
                xRandomness: Some(randomness),
                xSleep: Some(sleep),
                xCurrentTime: Some(current_time),
                xGetLastError: Some(last_error),
                xCurrentTimeInt64: Some(current_time_int64),
                ..*found
            }));
            assert_eq!(ffi::sqlite3_vfs_register(own, 0), ffi::SQLITE_OK);
        }
    });
}

/// Before the file of the VFS that is wrapped.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
}

/// The file that is wrapped, and its methods.
unsafe fn inner(file: *mut ffi::sqlite3_file) -> (*mut ffi::sqlite3_file, &'static ffi::sqlite3_io_methods) {
    // SAFETY: SQLite allocates as much as `szOsFile` says, so the file that is wrapped comes after ours; its methods are static.
    unsafe {
        let file = file.cast::<File>().add(1).cast::<ffi::sqlite3_file>();
        (file, &*(*file).pMethods)
    }
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: as SQLite calls it; see `inner`.
    unsafe {
        (*file).pMethods = std::ptr::null();
        if let Some(code) = failure(Operation::Open) {
            return code;
        }
        let wrapped = file.cast::<File>().add(1).cast::<ffi::sqlite3_file>();
        (*wrapped).pMethods = std::ptr::null();
        let code = (*real()).xOpen.unwrap()(real(), name, wrapped, flags, out);
        if code == ffi::SQLITE_OK {
            (*file).pMethods = &METHODS;
        } else if !(*wrapped).pMethods.is_null() {
            (*(*wrapped).pMethods).xClose.unwrap()(wrapped);
        }
        code
    }
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, _sync: c_int) -> c_int {
    // SAFETY: as SQLite calls it.
    failure(Operation::Delete).unwrap_or_else(|| unsafe { (*real()).xDelete.unwrap()(real(), name, 0) })
}

unsafe extern "C" fn access(_: *mut ffi::sqlite3_vfs, name: *const c_char, flags: c_int, out: *mut c_int) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe { (*real()).xAccess.unwrap()(real(), name, flags, out) }
}

unsafe extern "C" fn full_path_name(_: *mut ffi::sqlite3_vfs, name: *const c_char, length: c_int, out: *mut c_char) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe { (*real()).xFullPathname.unwrap()(real(), name, length, out) }
}

unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, length: c_int, out: *mut c_char) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe { (*real()).xRandomness.unwrap()(real(), length, out) }
}

unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe { (*real()).xCurrentTime.unwrap()(real(), out) }
}

unsafe extern "C" fn current_time_int64(_: *mut ffi::sqlite3_vfs, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe { (*real()).xCurrentTimeInt64.unwrap()(real(), out) }
}

unsafe extern "C" fn last_error(_: *mut ffi::sqlite3_vfs, length: c_int, out: *mut c_char) -> c_int {
    // SAFETY: as SQLite calls it.
    unsafe { (*real()).xGetLastError.unwrap()(real(), length, out) }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 3,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(map_shared),
    xShmLock: Some(lock_shared),
    xShmBarrier: Some(barrier),
    xShmUnmap: Some(unmap_shared),
    xFetch: Some(fetch),
    xUnfetch: Some(unfetch),
};

/// A method that goes on to the file that is wrapped, after it has failed where it has to.
macro_rules! method {
    ($name:ident, $real:ident, $operation:expr, ($($argument:ident: $type:ty),*)) => {
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file, $($argument: $type),*) -> c_int {
            let operation: Option<Operation> = $operation;
            if let Some(code) = operation.and_then(failure) {
                return code;
            }
            // SAFETY: as SQLite calls it; see `inner`.
            unsafe {
                let (file, methods) = inner(file);
                methods.$real.unwrap()(file, $($argument),*)
            }
        }
    };
}

method!(close, xClose, None, ());
method!(read, xRead, Some(Operation::Read), (buffer: *mut c_void, length: c_int, offset: ffi::sqlite3_int64));
method!(write, xWrite, Some(Operation::Write), (buffer: *const c_void, length: c_int, offset: ffi::sqlite3_int64));
method!(truncate, xTruncate, Some(Operation::Truncate), (size: ffi::sqlite3_int64));
method!(file_size, xFileSize, Some(Operation::Size), (out: *mut ffi::sqlite3_int64));
method!(lock, xLock, Some(Operation::Lock), (level: c_int));
method!(unlock, xUnlock, None, (level: c_int));
method!(check_reserved_lock, xCheckReservedLock, None, (out: *mut c_int));
method!(file_control, xFileControl, None, (operation: c_int, argument: *mut c_void));
method!(sector_size, xSectorSize, None, ());
method!(device_characteristics, xDeviceCharacteristics, None, ());
method!(map_shared, xShmMap, Some(Operation::MapShared), (page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void));
method!(unmap_shared, xShmUnmap, None, (delete: c_int));
method!(fetch, xFetch, None, (offset: ffi::sqlite3_int64, length: c_int, out: *mut *mut c_void));
method!(unfetch, xUnfetch, None, (offset: ffi::sqlite3_int64, page: *mut c_void));

unsafe extern "C" fn sync(_: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    failure(Operation::Sync).unwrap_or(ffi::SQLITE_OK)
}

unsafe extern "C" fn lock_shared(file: *mut ffi::sqlite3_file, offset: c_int, count: c_int, flags: c_int) -> c_int {
    // Giving a lock back never fails.
    if flags & ffi::SQLITE_SHM_LOCK != 0
        && let Some(code) = failure(Operation::LockShared)
    {
        return code;
    }
    // SAFETY: as SQLite calls it; see `inner`.
    unsafe {
        let (file, methods) = inner(file);
        methods.xShmLock.unwrap()(file, offset, count, flags)
    }
}

unsafe extern "C" fn barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: as SQLite calls it; see `inner`.
    unsafe {
        let (file, methods) = inner(file);
        methods.xShmBarrier.unwrap()(file);
    }
}
