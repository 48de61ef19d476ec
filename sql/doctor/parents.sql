SELECT 'error', 'the parent of a resource is not registered, so nothing is inherited from it',
  printf('authz_resources: %s:%s in %s:%s', r.resource_type, r.resource_id, r.parent_type, r.parent_id),
  'register the parent with authz_put_resource, or move the resource'
FROM main.authz_resources AS r
WHERE r.parent_type IS NOT NULL AND r.parent_type NOT IN (SELECT name FROM main._authz_bindings WHERE number = 0)
  AND NOT EXISTS (SELECT 1 FROM main.authz_resources AS p WHERE p.resource_type = r.parent_type AND p.resource_id = r.parent_id)
LIMIT 20
