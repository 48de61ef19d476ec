SELECT kind, type, description, shown FROM main.authz_attribute_definitions WHERE name = ?1
