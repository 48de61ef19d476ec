//! Authorization inside SQLite.
