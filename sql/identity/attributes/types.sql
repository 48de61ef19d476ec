SELECT name, type FROM main.authz_attribute_definitions
