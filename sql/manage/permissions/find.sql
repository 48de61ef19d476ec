SELECT id, slug, name, description, system, resource_type, created_at, updated_at FROM main.authz_permissions WHERE slug = +?1
