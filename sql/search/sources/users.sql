SELECT 'user:' || id, coalesce(nullif(trim(ifnull(first_name, '') || ' ' || ifnull(last_name, '')), ''), email, id),
  ifnull(email || ' ', '') || id || ' ' || ifnull(external_id, ''), ifnull(email, id), json_object('subject', 'user:' || id)
FROM main.authz_users
