-- The membership of a user in an organization, with both.
SELECT m.id, m.custom_attributes, m.directory_managed, m.created_at, m.updated_at,
  u.email, u.first_name, u.last_name, u.external_id AS user_external_id, u.metadata AS user_metadata,
  u.created_at AS user_created_at, u.updated_at AS user_updated_at,
  o.name, o.description, o.external_id AS organization_external_id, o.metadata AS organization_metadata,
  o.created_at AS organization_created_at, o.updated_at AS organization_updated_at
FROM main.authz_memberships AS m
JOIN main.authz_users AS u ON u.id = m.user
JOIN main.authz_organizations AS o ON o.id = m.organization
WHERE m.user = ?1 AND m.organization = ?2
