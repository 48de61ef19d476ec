SELECT name FROM main.authz_attribute_definitions WHERE shown = 1 OR kind = ?1 ORDER BY name
