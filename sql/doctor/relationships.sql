SELECT 'warning', 'the model does not allow a relationship, so it grants nothing',
  printf('authz_relationships: %s, %s of %s:%s', subject, relation, resource_type, resource_id), 'delete the row, or allow it in the model'
FROM main.authz_orphans
LIMIT 20
