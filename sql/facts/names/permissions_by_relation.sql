-- The permissions of one type that a relation grants, and the relation.
SELECT slug, relation FROM main.authz_permissions WHERE resource_type = +?1 AND relation IS NOT NULL
