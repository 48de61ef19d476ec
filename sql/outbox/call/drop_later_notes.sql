-- Of the permissions of one role noted at events ?1 and ?2, the earlier note says how it was before the call.
DELETE FROM main._authz_outbox_role_permissions AS later
WHERE later.seq = ?2 AND later.role_id = (SELECT id FROM main._authz_outbox WHERE seq = ?2) AND EXISTS (
  SELECT 1 FROM main._authz_outbox_role_permissions AS earlier
  WHERE earlier.role_id = later.role_id AND earlier.seq = ?1 AND earlier.permission = later.permission
);
