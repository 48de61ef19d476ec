UPDATE main._authz_outbox SET actor_id = ?2, actor_source = ?3, actor_name = ?4 WHERE seq = ?1 AND actor_id IS NULL
