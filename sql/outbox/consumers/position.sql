-- Up to where a consumer has come, and the number of the newest event.
SELECT
  (SELECT position FROM main._authz_consumers WHERE consumer = +?1),
  (SELECT seq FROM main._authz_last_event)
