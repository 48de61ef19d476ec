SELECT name, value, source, last_seen_at, provider FROM main.authz_attributes(?1, ?2)
