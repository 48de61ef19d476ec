-- The holders that come after one, by key.
SELECT provider, source, key, organization, raw, attributes, shown, problems
FROM main._authz_attribute_holders
WHERE (provider, source, key) >= (+?1, +?2, +?3) AND ((provider, source, key) <> (?1, ?2, ?3) OR ?4 IS NULL OR organization > ?4)
ORDER BY provider, source, key, organization
LIMIT ?5
