-- Records a holder, seen at ?10: after everything else that is known of the user in the organization.
INSERT INTO main._authz_attribute_holders
  (provider, source, key, organization, user, raw, attributes, shown, problems, seen, last_seen_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,
  CASE WHEN ?5 IS NULL THEN 0 ELSE 1 + ifnull(
    (SELECT max(seen) FROM main._authz_attribute_holders WHERE user = +?5 AND organization = +?4), 0) END,
  ?10)
ON CONFLICT (provider, source, key, organization) DO UPDATE SET
  user = excluded.user, raw = excluded.raw, attributes = excluded.attributes, shown = excluded.shown, problems = excluded.problems,
  seen = excluded.seen, last_seen_at = excluded.last_seen_at
