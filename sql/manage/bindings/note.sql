-- Everything that anybody keeps is of the bindings before.
INSERT INTO main._authz_changes (subject) VALUES (NULL)
