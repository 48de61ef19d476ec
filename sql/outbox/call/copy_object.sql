-- Gives row ?1 the object of row ?2.
UPDATE main._authz_outbox SET (
  id, slug, organization, resource_type, resource_id, parent_type, parent_id, subject, membership, role, relation, source, name,
  description, email, first_name, last_name, external_id, metadata, status, flag, number, roles, connection, ip_address,
  user_agent, error_code, error_message, auth_method, impersonator, directory, idp_id, username, raw_attributes, type, expires_at,
  ended_at, created_at, updated_at
) = (SELECT
  id, slug, organization, resource_type, resource_id, parent_type, parent_id, subject, membership, role, relation, source, name,
  description, email, first_name, last_name, external_id, metadata, status, flag, number, roles, connection, ip_address,
  user_agent, error_code, error_message, auth_method, impersonator, directory, idp_id, username, raw_attributes, type, expires_at,
  ended_at, created_at, updated_at
  FROM main._authz_outbox WHERE seq = ?2)
WHERE seq = ?1;
