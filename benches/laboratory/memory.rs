//! How much memory Rust holds: counted for each thread, so that counting costs next to nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use authz::rusqlite::{Connection, ffi};

struct Counting;

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
}

fn add(bytes: usize, sign: i64) {
    // The thread may be at its end, where nothing is measured any more.
    let _ = HELD.try_with(|held| held.set(held.get() + sign * bytes as i64));
}

// SAFETY: everything is passed on to the system's allocator; the count is beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size(), 1);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size(), 1);
        // SAFETY: as the caller promises. Zeroed pages come from the system for nothing.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add(layout.size(), -1);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size, 1);
        add(layout.size(), -1);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How many bytes this thread holds. SQLite, whose page cache is the application's choice, is not counted.
pub fn held() -> i64 {
    HELD.get()
}

/// How many bytes a connection's prepared statements take.
pub fn of_statements(connection: &Connection) -> i64 {
    let (mut now, mut most) = (0, 0);
    // SAFETY: the handle is open, and both numbers are written before the call returns.
    unsafe { ffi::sqlite3_db_status(connection.handle(), ffi::SQLITE_DBSTATUS_STMT_USED, &raw mut now, &raw mut most, 0) };
    i64::from(now)
}
