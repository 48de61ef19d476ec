-- Who has ?1 on the resource (?2, ?3), after ?4.
SELECT subject FROM main.authz_list_subjects(?1, ?2, ?3) WHERE subject > ?4 ORDER BY subject LIMIT ?5
