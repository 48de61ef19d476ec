-- The numbers of the events about the resource of the type ?1 with the id ?2, or ?3 where the id has another form, before ?4: the newest
-- first, ?5 at the most.
SELECT seq FROM (
  SELECT seq FROM (
    SELECT seq FROM main._authz_outbox
    WHERE resource_type = +?1 AND resource_id = +?2 AND subject IS NULL AND event IS NOT NULL AND seq < +?4 ORDER BY seq DESC LIMIT +?5
  )
  UNION ALL
  SELECT seq FROM (
    SELECT seq FROM main._authz_outbox
    WHERE resource_type = +?1 AND resource_id = +?2 AND subject IS NOT NULL AND event IS NOT NULL AND seq < +?4 ORDER BY seq DESC LIMIT +?5
  )
  UNION ALL
  SELECT seq FROM (
    SELECT seq FROM main._authz_outbox
    WHERE resource_type = +?1 AND resource_id = +?3 AND subject IS NULL AND event IS NOT NULL AND seq < +?4 ORDER BY seq DESC LIMIT +?5
  )
  UNION ALL
  SELECT seq FROM (
    SELECT seq FROM main._authz_outbox
    WHERE resource_type = +?1 AND resource_id = +?3 AND subject IS NOT NULL AND event IS NOT NULL AND seq < +?4 ORDER BY seq DESC LIMIT +?5
  )
  UNION ALL
  SELECT seq FROM (
    SELECT seq FROM main._authz_outbox
    WHERE kind = 'organization' AND event IS NOT NULL AND +?1 = 'organization' AND id IN (+?2, +?3) AND seq < +?4
    ORDER BY seq DESC LIMIT +?5
  )
)
ORDER BY seq DESC
LIMIT +?5
