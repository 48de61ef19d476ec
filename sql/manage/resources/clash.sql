-- The first pair that would have the same external id in organization ?3 if the resource ?1, ?2 were there with ?4, given as an external id or
-- NULL, and all below it with it: what comes, how it is known, and what is there.
WITH RECURSIVE coming (type, id, given, external_id) AS (
  SELECT ?1, ?2, ?4, ifnull(?4, CAST(?2 AS TEXT))
  UNION
  SELECT r.resource_type, r.resource_id, r.given_external_id, r.external_id
  FROM coming CROSS JOIN main.authz_resources AS r ON r.parent_type = coming.type AND r.parent_id = coming.id
)
SELECT coming.type, coming.id, coming.external_id, there.resource_id
FROM coming CROSS JOIN main.authz_resources AS there ON there.resource_type = coming.type
WHERE there.external_id = coming.external_id AND there.organization IS ?3 AND there.resource_id <> coming.id AND there.resource_id IN (
  SELECT g.resource_id FROM main.authz_resources AS g WHERE g.resource_type = coming.type AND g.given_external_id = +coming.external_id
  UNION ALL
  VALUES (coming.given), (CAST(coming.given AS INTEGER))
)
LIMIT 1
