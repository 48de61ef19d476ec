-- The users whom an organization (?1) may take for the owner of an e-mail address (?2, of the domain ?3), members first: all who have
-- the address if the domain is verified for the organization, else those who have a membership there and hold nothing outside it. A user
-- without an address counts, behind the one who has it, by what the organization knows them by.
WITH people (id, has) AS (
  SELECT id, 1 FROM main.authz_users WHERE lower(email) = lower(?2)
  UNION ALL
  SELECT u.id, 0 FROM main._authz_known_users AS k JOIN main.authz_users AS u ON u.id = k.user
  WHERE k.organization = ?1 AND lower(k.email) = lower(?2) AND u.email IS NULL
)
SELECT u.id, EXISTS (SELECT 1 FROM main.authz_memberships AS m WHERE m.user = u.id AND m.organization = ?1) AS is_member,
  u.has
FROM (
  SELECT id, has, EXISTS (SELECT 1 FROM main._authz_known_users AS k WHERE k.user = people.id AND k.organization IS NOT ?1) AS is_known_elsewhere
  FROM people
) AS u
WHERE (
    (
      EXISTS (SELECT 1 FROM main.authz_organization_domains AS d WHERE d.organization = ?1 AND d.domain = lower(?3) AND d.state = 'verified')
      -- another organization's provider may have made them up
      AND (
        EXISTS (SELECT 1 FROM main.authz_memberships AS m WHERE m.user = u.id AND m.organization = ?1)
        OR NOT u.is_known_elsewhere))
    OR (
      EXISTS (SELECT 1 FROM main.authz_memberships AS m WHERE m.user = u.id AND m.organization = ?1)
      AND NOT u.is_known_elsewhere
      AND NOT EXISTS (SELECT 1 FROM main.authz_memberships AS m WHERE m.user = u.id AND m.organization IS NOT ?1)
      AND NOT EXISTS (
        SELECT 1 FROM main.authz_role_assignments AS a
        LEFT JOIN main.authz_resources AS r ON r.resource_type = a.resource_type AND r.resource_id = a.resource_id
        WHERE a.subject = 'user:' || u.id AND r.organization IS NOT ?1)
      AND NOT EXISTS (
        SELECT 1 FROM main.authz_group_members AS g LEFT JOIN main.authz_groups AS o ON o.id = g.group_id
        WHERE g.subject = 'user:' || u.id AND o.organization IS NOT ?1)
      AND NOT EXISTS (
        SELECT 1 FROM main.authz_relationships AS s
        LEFT JOIN main.authz_resources AS r ON r.resource_type = s.resource_type AND r.resource_id = s.resource_id
        WHERE s.subject = 'user:' || u.id AND r.organization IS NOT ?1)))
ORDER BY is_member DESC, u.has DESC, u.id
LIMIT 2
