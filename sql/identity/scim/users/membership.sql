-- The membership of a user in an organization: its status, whether a directory decides about it, whether one of them says active now.
SELECT m.status, m.directory_managed, EXISTS (
  SELECT 1 FROM main.authz_directory_users AS u
  WHERE u.user = m.user AND u.organization = m.organization AND u.state = 'active')
FROM main.authz_memberships AS m WHERE m.user = +?1 AND m.organization = +?2
