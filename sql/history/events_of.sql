-- The numbers of the events about the resource of the type ?1 with the id ?2, or ?3 where the id has another form, before ?4: the newest
-- first, ?5 at the most.
SELECT seq FROM (
  SELECT seq FROM (
    SELECT seq FROM main._authz_outbox_objects
    WHERE resource_type = +?1 AND resource_id = +?2 AND subject IS NULL AND previous = 0 AND seq < +?4 ORDER BY seq DESC LIMIT +?5
  )
  UNION ALL
  SELECT seq FROM (
    SELECT seq FROM main._authz_outbox_objects
    WHERE resource_type = +?1 AND resource_id = +?2 AND subject IS NOT NULL AND previous = 0 AND seq < +?4 ORDER BY seq DESC LIMIT +?5
  )
  UNION ALL
  SELECT seq FROM (
    SELECT seq FROM main._authz_outbox_objects
    WHERE resource_type = +?1 AND resource_id = +?3 AND subject IS NULL AND previous = 0 AND seq < +?4 ORDER BY seq DESC LIMIT +?5
  )
  UNION ALL
  SELECT seq FROM (
    SELECT seq FROM main._authz_outbox_objects
    WHERE resource_type = +?1 AND resource_id = +?3 AND subject IS NOT NULL AND previous = 0 AND seq < +?4 ORDER BY seq DESC LIMIT +?5
  )
  UNION ALL
  SELECT seq FROM (
    SELECT o.seq FROM main._authz_outbox AS o
    WHERE o.kind = 'organization' AND +?1 = 'organization' AND o.seq < +?4
      AND EXISTS (SELECT 1 FROM main._authz_outbox_objects AS p WHERE p.seq = o.seq AND p.previous = 0 AND p.id IN (+?2, +?3))
    ORDER BY o.seq DESC LIMIT +?5
  )
)
ORDER BY seq DESC
LIMIT +?5
