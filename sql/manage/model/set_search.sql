-- How a type is searched. The built-in type counts as declared while a document says so.
UPDATE main.authz_resource_types
SET search = ?2, declared = CASE slug WHEN 'organization' THEN ?2 IS NOT NULL ELSE declared END,
  updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE slug = ?1 AND (search IS NOT ?2 OR (slug = 'organization' AND declared <> (?2 IS NOT NULL)))
