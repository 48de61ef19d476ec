UPDATE main._authz_attribute_holders SET attributes = ?5, shown = ?6, problems = ?7
WHERE provider = ?1 AND source = ?2 AND key = ?3 AND organization = ?4
