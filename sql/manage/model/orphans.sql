-- The relationships with a kind of subject that their relation does not take, or of a relation that there is not.
SELECT subject, relation, resource_type, resource_id, expires_at, created_at
FROM main.authz_relationships AS r
WHERE NOT EXISTS (
  SELECT 1 FROM main.authz_relation_subjects AS s
  WHERE s.resource_type = r.resource_type AND s.relation = r.relation
    AND s.subject_type = substr(r.subject, 1, instr(r.subject, ':') - 1)
    AND s.subject_relation = CASE
      WHEN substr(r.subject, instr(r.subject, ':') + 1) = '*' THEN '*'
      WHEN instr(r.subject, '#') > 0 THEN substr(r.subject, instr(r.subject, '#') + 1)
      ELSE ''
    END
);
