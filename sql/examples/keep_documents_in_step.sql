-- Keeps authz_resources in step with an application's own table documents (id, project_id, title), in plain SQL: the file stays
-- writable by clients that have not loaded the library.
CREATE TRIGGER documents_registered AFTER INSERT ON documents BEGIN
  INSERT INTO authz_resources (resource_type, resource_id, parent_type, parent_id, name)
  VALUES ('document', NEW.id, 'project', NEW.project_id, NEW.title);
END;

CREATE TRIGGER documents_unregistered AFTER DELETE ON documents BEGIN
  DELETE FROM authz_resources WHERE resource_type = 'document' AND resource_id = +OLD.id;
END;

CREATE TRIGGER documents_changed AFTER UPDATE OF project_id, title ON documents BEGIN
  UPDATE authz_resources SET parent_id = NEW.project_id, name = NEW.title
  WHERE resource_type = 'document' AND resource_id = +NEW.id;
END;
