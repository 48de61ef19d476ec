SELECT resource_type, relation, subject_type, subject_relation FROM main.authz_relation_subjects;
