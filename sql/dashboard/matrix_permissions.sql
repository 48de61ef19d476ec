-- Permissions whose slug contains ?1, after (?2, ?3), by type.
SELECT slug, resource_type, name FROM main.authz_permissions
WHERE (?1 IS NULL OR instr(lower(slug), lower(?1))) AND (resource_type, slug) > (?2, ?3)
ORDER BY resource_type, slug
LIMIT ?4
