-- Whether ?1 has ?2 on ?4 resources of the type ?3 or more, by roles alone.
SELECT ?4 <= (SELECT count(*) FROM (SELECT 1 FROM main.authz_list_resources(?1, ?2, ?3) LIMIT ?4))
  AND EXISTS (SELECT 1 FROM main.authz_permissions WHERE slug = ?2 AND relation IS NULL)
