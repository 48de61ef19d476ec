UPDATE main.authz_roles SET is_default = (slug = ?1) WHERE organization IS NULL AND is_default <> (slug = ?1)
