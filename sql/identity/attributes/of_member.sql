-- What is known of a user in an organization, by the source that a membership shows.
SELECT attributes, source, provider, last_seen_at
FROM main._authz_attribute_holders
WHERE user = +?1 AND organization = +?2
ORDER BY source, seen DESC
LIMIT 1
