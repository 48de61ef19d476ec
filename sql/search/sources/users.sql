-- The two thousand users with the greatest ids, which are the newest where ids are made by default; and by the indexes those whose id, e-mail
-- address or external id begins with the query, a hundred of each. So a keystroke costs the same however many users there are.
SELECT 'user:' || id, coalesce(nullif(trim(ifnull(first_name, '') || ' ' || ifnull(last_name, '')), ''), email, id),
  ifnull(email || ' ', '') || id || ' ' || ifnull(external_id, ''), ifnull(email, id), json_object('subject', 'user:' || id)
FROM main.authz_users
WHERE id IN (
  SELECT id FROM (SELECT id FROM main.authz_users ORDER BY id DESC LIMIT 2000)
  UNION ALL
  SELECT id FROM (SELECT id FROM main.authz_users WHERE id >= +?1 AND id < ?1 || char(1114111) LIMIT 100)
  UNION ALL
  SELECT id FROM (SELECT id FROM main.authz_users WHERE id >= substr(?1, 6) AND id < substr(?1, 6) || char(1114111) AND ?1 GLOB 'user:*' LIMIT 100)
  UNION ALL
  SELECT id FROM (SELECT id FROM main.authz_users WHERE lower(email) >= lower(?1) AND lower(email) < lower(?1) || char(1114111) LIMIT 100)
  UNION ALL
  SELECT id FROM (SELECT id FROM main.authz_users WHERE external_id >= +?1 AND external_id < ?1 || char(1114111) LIMIT 100)
)
