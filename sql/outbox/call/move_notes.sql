UPDATE main._authz_outbox_role_permissions SET seq = ?2
WHERE seq = ?1 AND role_id = (SELECT id FROM main._authz_outbox WHERE seq = ?2);
