SELECT seq, id, event, data, context, created_at FROM main.authz_events ORDER BY seq DESC LIMIT 8
