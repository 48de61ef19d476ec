//! The world, read out of the file that the benchmarks of authz make.

use authz::rusqlite::Connection;

/// All that a peer needs to know. What has expired and what does not help to read is left out.
pub struct World {
    /// type, id, type and id of the parent
    pub resources: Vec<(String, i64, Option<(String, i64)>)>,
    /// group, member
    pub members: Vec<(String, String)>,
    /// subject, type, id: may read there and below
    pub grants: Vec<(String, String, i64)>,
    /// id, project, time
    pub documents: Vec<(i64, i64, i64)>,
    /// subject, document, allowed
    pub pairs: Vec<(String, i64, bool)>,
}

impl World {
    /// The documents, the newest first.
    pub fn by_time(&self) -> Vec<i64> {
        let mut by_time: Vec<(i64, i64)> = self.documents.iter().map(|(id, _, at)| (-at, *id)).collect();
        by_time.sort();
        by_time.into_iter().map(|(_, id)| id).collect()
    }

    pub fn read(connection: &Connection) -> World {
        World {
            resources: rows(connection, "SELECT resource_type, resource_id, parent_type, parent_id FROM authz_resources", |row| {
                let parent = row.get::<_, Option<String>>(2)?.zip(row.get(3)?);
                Ok((row.get(0)?, row.get(1)?, parent))
            }),
            members: rows(connection, "SELECT group_id, subject FROM authz_group_members", |row| Ok((row.get(0)?, row.get(1)?))),
            grants: rows(
                connection,
                "SELECT DISTINCT subject, resource_type, resource_id FROM authz_role_assignments
                 WHERE role IN (SELECT role FROM authz_role_permissions WHERE permission = 'document:read') AND expires_at IS NULL",
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            ),
            documents: rows(connection, "SELECT id, project_id, edited_at FROM documents", |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            }),
            pairs: rows(connection, "SELECT subject, document, allowed FROM pairs ORDER BY id", |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            }),
        }
    }
}

fn rows<T>(connection: &Connection, sql: &str, read: impl Fn(&authz::rusqlite::Row<'_>) -> authz::rusqlite::Result<T>) -> Vec<T> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| read(row)).unwrap().map(Result::unwrap).collect()
}
