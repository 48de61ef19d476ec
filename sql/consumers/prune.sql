DELETE FROM main._authz_outbox
WHERE created_at < ?1 AND seq <= (SELECT ifnull(min(position), 9223372036854775807) FROM main._authz_consumers)
