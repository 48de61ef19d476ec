//! The exact list of what registering adds: a name that comes, goes or changes its flags is seen here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use authz::rusqlite::functions::FunctionFlags;
use authz::rusqlite::{Connection, ffi};

const INNOCUOUS: i64 = 0x20_0000;
const DIRECT_ONLY: i64 = 0x8_0000;
const DETERMINISTIC: i64 = 0x800;

#[test]
fn registering_adds_these_functions() {
    let connection = Connection::open_in_memory().unwrap();
    authz::register(&connection).unwrap();
    let mut statement =
        connection.prepare("SELECT name, narg, flags FROM pragma_function_list WHERE name GLOB 'authz_*' ORDER BY name, narg").unwrap();
    let functions: Vec<String> = statement
        .query_map([], |row| {
            let flags: i64 = row.get(2)?;
            let effect = match (flags & INNOCUOUS != 0, flags & DIRECT_ONLY != 0, flags & DETERMINISTIC != 0) {
                (true, false, true) => "pure",
                (true, false, false) => "reads",
                (false, true, false) => "writes",
                other => panic!("{other:?}"),
            };
            Ok(format!("{}/{} {effect}", row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(
        functions,
        [
            "authz_ack/2 writes",
            "authz_add_member/2 writes",
            "authz_add_role_permission/2 writes",
            "authz_add_role_permission/3 writes",
            "authz_apply/1 writes",
            "authz_apply/2 writes",
            "authz_bind/0 writes",
            "authz_bind/1 writes",
            "authz_bindings/0 reads",
            "authz_check/4 reads",
            "authz_claims/2 reads",
            "authz_claims/3 reads",
            "authz_create_permission/1 writes",
            "authz_create_role/1 writes",
            "authz_create_role/2 writes",
            "authz_debug/0 reads",
            "authz_define_attribute/1 writes",
            "authz_define_attribute/2 writes",
            "authz_delete_permission/1 writes",
            "authz_delete_role/1 writes",
            "authz_delete_role/2 writes",
            "authz_delete_role/3 writes",
            "authz_explain/4 reads",
            "authz_grant/4 writes",
            "authz_grant/5 writes",
            "authz_index_search/0 writes",
            "authz_limit/1 writes",
            "authz_limit/2 writes",
            "authz_map_attribute/3 writes",
            "authz_map_group_role/3 writes",
            "authz_map_group_role/5 writes",
            "authz_migrate/0 writes",
            "authz_migrate/1 writes",
            "authz_model/0 reads",
            "authz_model/1 reads",
            "authz_now/0 reads",
            "authz_permission/1 reads",
            "authz_prune_events/0 writes",
            "authz_prune_events/1 writes",
            "authz_put_command/5 writes",
            "authz_put_command/6 writes",
            "authz_put_command/8 writes",
            "authz_put_directory/3 writes",
            "authz_put_directory/4 writes",
            "authz_put_resource/4 writes",
            "authz_put_resource/5 writes",
            "authz_put_resource/6 writes",
            "authz_relate/4 writes",
            "authz_relate/5 writes",
            "authz_remove_command/1 writes",
            "authz_remove_directory/1 writes",
            "authz_remove_member/2 writes",
            "authz_remove_resource/2 writes",
            "authz_remove_resource/3 writes",
            "authz_remove_role_permission/2 writes",
            "authz_remove_role_permission/3 writes",
            "authz_render_jwt/3 reads",
            "authz_require/4 reads",
            "authz_result/0 reads",
            "authz_revoke/4 writes",
            "authz_role/1 reads",
            "authz_role/2 reads",
            "authz_schema_version/0 reads",
            "authz_scim/4 writes",
            "authz_session_revoke/1 writes",
            "authz_session_start/3 writes",
            "authz_session_start/4 writes",
            "authz_session_subject/1 reads",
            "authz_session_subject/2 reads",
            "authz_session_touch/1 writes",
            "authz_set_actor/1 writes",
            "authz_set_actor/2 writes",
            "authz_set_actor/3 writes",
            "authz_set_attributes/4 writes",
            "authz_set_default_role/1 writes",
            "authz_set_jwt_template/1 writes",
            "authz_set_now/1 writes",
            "authz_set_role_order/1 writes",
            "authz_set_role_permissions/2 writes",
            "authz_set_role_permissions/3 writes",
            "authz_set_setting/2 writes",
            "authz_setting/1 reads",
            "authz_sso_fail/3 writes",
            "authz_sso_fail/4 writes",
            "authz_sso_session/1 reads",
            "authz_sso_start/1 writes",
            "authz_sso_start/2 writes",
            "authz_sso_succeed/2 writes",
            "authz_sso_succeed/3 writes",
            "authz_sweep/0 writes",
            "authz_unbind/1 writes",
            "authz_undefine_attribute/1 writes",
            "authz_unmap_group_role/3 writes",
            "authz_unmap_group_role/5 writes",
            "authz_unrelate/4 writes",
            "authz_update_permission/2 writes",
            "authz_update_role/2 writes",
            "authz_update_role/3 writes",
            "authz_version/0 pure",
        ]
    );
    let mut statement = connection.prepare("SELECT name FROM pragma_module_list WHERE name GLOB '*authz*' ORDER BY name").unwrap();
    let modules: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(
        modules,
        [
            "_authz_anchor",
            "_authz_calls",
            "_authz_work",
            "authz_ancestors",
            "authz_attribute_problems",
            "authz_attributes",
            "authz_descendants",
            "authz_doctor",
            "authz_event_envelopes",
            "authz_help",
            "authz_hierarchy",
            "authz_history",
            "authz_list_assignments",
            "authz_list_permissions",
            "authz_list_resources",
            "authz_list_subjects",
            "authz_next_events",
            "authz_orphans",
            "authz_plan",
            "authz_search",
            "authz_search_all",
            "authz_sso_report",
            "authz_systems",
        ]
    );
}

/// How much of the memory that SQLite keeps at hand for a connection is in use.
fn in_use(connection: &Connection) -> i32 {
    let (mut current, mut highest) = (0, 0);
    // SAFETY: the handle is open, and both numbers are there to be written.
    let code =
        unsafe { ffi::sqlite3_db_status(connection.handle(), ffi::SQLITE_DBSTATUS_LOOKASIDE_USED, &raw mut current, &raw mut highest, 0) };
    assert_eq!(code, ffi::SQLITE_OK);
    current
}

#[test]
fn registering_takes_nothing_of_the_memory_that_statements_have_at_hand() {
    let connection = Connection::open_in_memory().unwrap();
    // SQLite keeps the last error there.
    assert!(connection.prepare("nonsense").is_err());
    let before = in_use(&connection);
    authz::register(&connection).unwrap();
    assert_eq!(in_use(&connection), before);
    connection.create_scalar_function("mine", 0, FunctionFlags::SQLITE_UTF8, |_| Ok(1)).unwrap();
    assert_eq!(in_use(&connection), before + 1, "SQLite has come to register functions elsewhere by itself");
    authz::migrate(&connection).unwrap();
    let before = in_use(&connection);
    for sql in [
        "SELECT authz_put_resource('organization', 'acme', NULL, NULL)",
        "SELECT authz_grant('user:ana', 'member', 'organization', 'acme')",
        "SELECT authz_add_member('group:eng', 'user:ana')",
        "SELECT authz_sweep()",
        "SELECT count(*) FROM authz_search('acme', 'user:ana')",
    ] {
        connection.query_row(sql, [], |_| Ok(())).unwrap();
    }
    let statements: i64 = connection.query_row("SELECT authz_debug() ->> 'statements'", [], |row| row.get(0)).unwrap();
    let more = in_use(&connection) - before;
    assert!(statements >= 10 && more < 20, "{statements} statements stay prepared and take {more} places");
}
