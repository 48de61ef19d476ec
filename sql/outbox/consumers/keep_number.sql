-- Where the last event is about to be pruned, by the moment ?1, its number is kept.
INSERT INTO main._authz_outbox (kind)
SELECT 'pruned' FROM main._authz_outbox
WHERE seq = (SELECT seq FROM main._authz_last_event) AND event IS NOT NULL AND written_at < ?1
  AND seq <= (SELECT ifnull(min(position), 9223372036854775807) FROM main._authz_consumers)
