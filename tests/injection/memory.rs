//! Memory that runs out: SQLite's allocator, wrapped so that the n-th allocation of a thread fails.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::{Once, OnceLock};

use authz::rusqlite::ffi;

/// What is to happen on this thread.
#[derive(Clone, Copy)]
struct Plan {
    is_armed: bool,
    /// Which allocation fails; 0 for none
    at: u64,
    is_lasting: bool,
    seen: u64,
    failed: u64,
}

const IDLE: Plan = Plan { is_armed: false, at: 0, is_lasting: false, seen: 0, failed: 0 };

thread_local! {
    static PLAN: Cell<Plan> = const { Cell::new(IDLE) };
}

/// The allocator that is wrapped.
struct Real(ffi::sqlite3_mem_methods);

// SAFETY: functions that all threads call.
unsafe impl Send for Real {}
// SAFETY: as above.
unsafe impl Sync for Real {}

static REAL: OnceLock<Real> = OnceLock::new();

/// Puts the allocator in place. It comes before the first connection of the process.
pub fn start() {
    static START: Once = Once::new();
    START.call_once(|| {
        let mut real = ffi::sqlite3_mem_methods {
            xMalloc: None,
            xFree: None,
            xRealloc: None,
            xSize: None,
            xRoundup: None,
            xInit: None,
            xShutdown: None,
            pAppData: std::ptr::null_mut(),
        };
        // SAFETY: no connection is open yet; SQLite fills the first structure and copies the second.
        unsafe {
            assert_eq!(ffi::sqlite3_config(ffi::SQLITE_CONFIG_GETMALLOC, &raw mut real), ffi::SQLITE_OK);
            let wrapped = ffi::sqlite3_mem_methods { xMalloc: Some(allocate), xRealloc: Some(reallocate), ..real };
            assert!(REAL.set(Real(real)).is_ok());
            assert_eq!(ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const wrapped), ffi::SQLITE_OK, "a connection came first");
        }
    });
}

/// Counts the allocations of this thread from now on, and fails the `at`-th; where it is lasting, all after it too.
pub fn arm(at: u64, is_lasting: bool) {
    PLAN.set(Plan { is_armed: true, at, is_lasting, ..IDLE });
}

/// Ends it: how many allocations there were, and how many failed.
pub fn disarm() -> (u64, u64) {
    let plan = PLAN.replace(IDLE);
    (plan.seen, plan.failed)
}

fn fails() -> bool {
    let mut plan = PLAN.get();
    if !plan.is_armed {
        return false;
    }
    plan.seen += 1;
    let fails = plan.at != 0 && (plan.seen == plan.at || (plan.is_lasting && plan.seen > plan.at));
    plan.failed += u64::from(fails);
    PLAN.set(plan);
    fails
}

unsafe extern "C" fn allocate(size: c_int) -> *mut c_void {
    match REAL.get().and_then(|real| real.0.xMalloc) {
        // SAFETY: as SQLite calls it.
        Some(real) if !fails() => unsafe { real(size) },
        _ => std::ptr::null_mut(),
    }
}

unsafe extern "C" fn reallocate(old: *mut c_void, size: c_int) -> *mut c_void {
    match REAL.get().and_then(|real| real.0.xRealloc) {
        // SAFETY: as SQLite calls it.
        Some(real) if !fails() => unsafe { real(old, size) },
        _ => std::ptr::null_mut(),
    }
}
