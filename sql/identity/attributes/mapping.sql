SELECT path FROM main.authz_attribute_mappings WHERE provider = ?1 AND name = ?2
