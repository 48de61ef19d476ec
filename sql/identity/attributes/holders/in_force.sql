SELECT name, type, shown FROM main.authz_attribute_definitions WHERE shown = 1 OR kind = 'standard' ORDER BY name
