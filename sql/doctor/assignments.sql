SELECT 'error', 'a role is assigned on a resource that is not registered',
  printf('authz_role_assignments: %s, %s on %s:%s', a.subject, a.role, a.resource_type, a.resource_id),
  'delete the row, or register the resource with authz_put_resource'
FROM main.authz_role_assignments AS a
WHERE a.resource_type NOT IN (SELECT name FROM main._authz_bindings WHERE number = 0)
  AND NOT EXISTS (SELECT 1 FROM main.authz_resources AS r WHERE r.resource_type = a.resource_type AND r.resource_id = a.resource_id)
LIMIT 20
