DELETE FROM main._authz_outbox
WHERE event IS NOT NULL AND written_at < ?1 AND seq <= (SELECT ifnull(min(position), 9223372036854775807) FROM main._authz_consumers)
