SELECT 'user:' || id, ifnull(nullif(trim(ifnull(first_name, '') || ' ' || ifnull(last_name, '')), ''), email),
  email || ' ' || id || ' ' || ifnull(external_id, ''), email, json_object('subject', 'user:' || id)
FROM main.authz_users
