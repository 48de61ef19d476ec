-- How many children and assignments a resource has.
SELECT
  (SELECT count(*) FROM main.authz_resources WHERE parent_type = +?1 AND parent_id = +?2),
  (SELECT count(*) FROM main.authz_role_assignments WHERE resource_type = +?1 AND resource_id = +?2)
