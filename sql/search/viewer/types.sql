-- The types that are searched: what makes an instance visible is a permission of the type, or * for something visible below it. A
-- permission that is gone makes nothing visible.
SELECT t.slug, t.search
FROM main.authz_resource_types AS t
WHERE t.search = '*' OR EXISTS (SELECT 1 FROM main.authz_permissions AS p WHERE p.slug = t.search AND p.resource_type = t.slug)
ORDER BY t.slug
