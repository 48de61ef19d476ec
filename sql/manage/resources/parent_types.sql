-- The types that a resource of a type may lie in. No row: a root type.
SELECT parent_type FROM main.authz_resource_type_parents WHERE resource_type = +?1 ORDER BY parent_type
