-- Events from ?1 to before ?2 whose name matches ?3, the newest first, ?4 at the most.
SELECT seq, id, event, data, context, created_at FROM main.authz_events
WHERE seq >= ?1 AND seq < ?2 AND (?3 IS NULL OR event GLOB ?3)
ORDER BY seq DESC
LIMIT ?4
