-- The kinds of subject that a relation takes, as the language writes them.
SELECT subject_type || CASE subject_relation WHEN '' THEN '' WHEN '*' THEN ':*' ELSE '#' || subject_relation END
FROM main.authz_relation_subjects
WHERE resource_type = +?1 AND relation = +?2
ORDER BY 1
