SELECT name, path FROM main.authz_attribute_mappings WHERE provider = +?1
