-- Takes back what a user held when the row goes from an application's own table users (id): SQLite gives the id of the last row to the next
-- one, and the rights must not pass along. Plain SQL: the file stays writable by clients that have not loaded the library.
CREATE TRIGGER users_revoked AFTER DELETE ON users BEGIN
  DELETE FROM authz_role_assignments WHERE subject = 'user:' || OLD.id;
  DELETE FROM authz_relationships WHERE subject = 'user:' || OLD.id;
  DELETE FROM authz_group_members WHERE subject = 'user:' || OLD.id;
END;
