DELETE FROM main.authz_attribute_mappings WHERE name = ?1
