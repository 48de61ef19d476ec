-- What the file holds besides resources, each counted up to ?1.
SELECT
  (SELECT count(*) FROM (SELECT 1 FROM main.authz_role_assignments LIMIT ?1)),
  (SELECT count(*) FROM (SELECT 1 FROM main.authz_relationships LIMIT ?1)),
  (SELECT count(*) FROM (SELECT 1 FROM main.authz_roles LIMIT ?1)),
  (SELECT count(*) FROM (SELECT 1 FROM main.authz_permissions LIMIT ?1)),
  (SELECT count(*) FROM (SELECT 1 FROM main.authz_groups LIMIT ?1)),
  (SELECT count(*) FROM (SELECT 1 FROM main.authz_users LIMIT ?1)),
  (SELECT count(*) FROM (SELECT 1 FROM main.authz_memberships LIMIT ?1))
