//! PostgreSQL with row-level security: a policy made of sets, which its users recommend, and one that calls a function for each row.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use postgres::{Client, Config, NoTls, Statement};

use crate::Peer;
use crate::world::World;

/// A server of our own; stopped when dropped.
pub struct Server {
    folder: tempfile::TempDir,
    version: String,
}

fn script(what: &str, folder: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres.sh");
    let output = Command::new(script).arg(what).arg(folder).output().unwrap();
    assert!(output.status.success(), "postgres.sh {what}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

impl Server {
    pub fn start(world: &World) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let version = script("start", folder.path());
        let server = Server { folder, version };
        server.fill(world);
        server
    }

    fn connect(&self, role: &str) -> Client {
        Config::new().host_path(PathBuf::from(self.folder.path())).user(role).dbname("postgres").connect(NoTls).unwrap()
    }

    fn fill(&self, world: &World) {
        let mut client = self.connect("owner");
        client.batch_execute(include_str!("../sql/postgres.sql")).unwrap();
        let parent = |kind: &str, parent: &Option<(String, i64)>| -> String {
            parent.as_ref().filter(|(parent, _)| parent == kind).map_or("\\N".to_owned(), |(_, id)| id.to_string())
        };
        let of = |wanted: &'static str| world.resources.iter().filter(move |(kind, ..)| kind == wanted);
        let mut copy = |table: &str, lines: Vec<String>| {
            let mut writer = client.copy_in(&format!("COPY {table} FROM STDIN")).unwrap();
            lines.iter().for_each(|line| writeln!(writer, "{line}").unwrap());
            writer.finish().unwrap();
        };
        copy("workspaces", of("workspace").map(|(_, id, up)| format!("{id}\t{}", parent("organization", up))).collect());
        copy("projects", of("project").map(|(_, id, up)| format!("{id}\t{}", parent("workspace", up))).collect());
        copy("folders", of("folder").map(|(_, id, up)| format!("{id}\t{}\t{}", parent("project", up), parent("folder", up))).collect());
        let mut folders: Vec<(i64, String)> = of("document").map(|(_, id, up)| (*id, parent("folder", up))).collect();
        folders.sort();
        let mut documents = world.documents.clone();
        documents.sort();
        let documents = documents.iter().zip(&folders).map(|((id, project, at), (same, folder))| {
            assert_eq!(id, same);
            format!("{id}\t{project}\t{folder}\t{at}")
        });
        copy("documents", documents.collect());
        copy("members", world.members.iter().map(|(group, member)| format!("{group}\t{member}")).collect());
        copy("grants", world.grants.iter().map(|(subject, kind, id)| format!("{subject}\t{kind}\t{id}")).collect());
        client.batch_execute(include_str!("../sql/postgres_index.sql")).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        script("stop", self.folder.path());
    }
}

/// A session under one of the two policies.
pub struct RowLevelSecurity {
    client: Client,
    name: String,
    how: &'static str,
    speak_for: Statement,
    check: Statement,
    count: Statement,
    newest: Statement,
}

impl RowLevelSecurity {
    fn new(server: &Server, role: &str, name: &str, how: &'static str) -> RowLevelSecurity {
        let mut client = server.connect(role);
        let mut prepare = |sql| client.prepare(sql).unwrap();
        RowLevelSecurity {
            speak_for: prepare("SELECT set_config('app.subject', $1, false)"),
            check: prepare("SELECT EXISTS (SELECT 1 FROM documents WHERE id = $1)"),
            count: prepare("SELECT count(*) FROM documents"),
            newest: prepare("SELECT id FROM documents ORDER BY edited_at DESC LIMIT 20"),
            name: format!("{}, {name}", server.version.split(" (Debian").next().unwrap_or_default().replace("postgres (PostgreSQL)", "PostgreSQL")),
            how,
            client,
        }
    }

    pub fn by_set(server: &Server) -> RowLevelSecurity {
        RowLevelSecurity::new(server, "by_set", "policy as sets", "uncorrelated sub-selects, hashed once a statement; a socket; the session says for whom")
    }

    pub fn by_row(server: &Server) -> RowLevelSecurity {
        RowLevelSecurity::new(server, "by_row", "policy as a function", "a STABLE function of the row's id, upwards by indexes; a socket; the session says for whom")
    }

    fn speak_for(&mut self, subject: &str) {
        self.client.query_one(&self.speak_for, &[&subject]).unwrap();
    }
}

impl Peer for RowLevelSecurity {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn how(&self) -> &'static str {
        self.how
    }

    fn check(&mut self, subject: &str, document: i64) -> bool {
        self.speak_for(subject);
        self.client.query_one(&self.check, &[&document]).unwrap().get(0)
    }

    fn count(&mut self, subject: &str) -> Option<i64> {
        self.speak_for(subject);
        Some(self.client.query_one(&self.count, &[]).unwrap().get(0))
    }

    fn newest(&mut self, subject: &str) -> Option<Vec<i64>> {
        self.speak_for(subject);
        Some(self.client.query(&self.newest, &[]).unwrap().iter().map(|row| row.get(0)).collect())
    }
}
