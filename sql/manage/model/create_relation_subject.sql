INSERT INTO main.authz_relation_subjects (resource_type, relation, subject_type, subject_relation) VALUES (?1, ?2, ?3, ?4);
