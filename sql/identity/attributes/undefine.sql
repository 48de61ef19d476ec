-- A custom attribute goes.
DELETE FROM main.authz_attribute_definitions WHERE name = ?1 AND kind = 'custom'
