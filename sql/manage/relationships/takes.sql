SELECT 1 FROM main.authz_relation_subjects WHERE resource_type = +?1 AND relation = +?2 AND subject_type = +?3 AND subject_relation = +?4
