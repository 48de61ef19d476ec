SELECT name, description, organization, created_at FROM main.authz_groups WHERE id = ?1
