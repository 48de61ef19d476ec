-- Makes a member of the user ?1 where the organization ?2 has no membership of theirs. A suspension outlives the membership that it came
-- from, and is not lifted by a sign-in.
INSERT INTO main.authz_memberships (user, organization)
SELECT ?1, ?2
WHERE NOT EXISTS (SELECT 1 FROM main.authz_memberships WHERE user = +?1 AND organization = ?2)
  AND NOT EXISTS (SELECT 1 FROM main._authz_standings WHERE user = +?1 AND organization = ?2 AND active IS NOT 1)
