DELETE FROM main._authz_attribute_holders WHERE provider = ?1 AND source = ?2 AND key = ?3 AND organization = ?4
