SELECT seq, id, event, data, context, created_at FROM main.authz_history(?1, ?2, ?3, ?4)
