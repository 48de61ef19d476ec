-- The holders of one provider that come after one, by key.
SELECT provider, source, key, organization, raw, attributes, shown, problems
FROM main._authz_attribute_holders
WHERE provider = +?1 AND (source, key) >= (+?2, +?3) AND ((source, key) <> (?2, ?3) OR ?4 IS NULL OR organization > ?4)
ORDER BY source, key, organization
LIMIT ?5
