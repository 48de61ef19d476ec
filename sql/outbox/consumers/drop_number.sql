-- A number that was kept need be no longer, once others follow.
DELETE FROM main._authz_outbox
WHERE seq = (SELECT min(seq) FROM main._authz_outbox) AND kind = 'pruned' AND seq < (SELECT max(seq) FROM main._authz_outbox)
