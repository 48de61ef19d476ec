UPDATE main.authz_roles SET is_default = 1 WHERE slug = +?1 AND organization IS NULL AND is_default = 0
