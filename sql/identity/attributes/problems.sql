SELECT h.problems, h.user, h.organization, h.source, h.provider, h.key, h.last_seen_at
FROM main._authz_attribute_holders AS h
WHERE h.problems IS NOT NULL
ORDER BY h.organization, h.user, h.source, h.provider, h.key
