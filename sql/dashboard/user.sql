SELECT email, nullif(trim(ifnull(first_name, '') || ' ' || ifnull(last_name, '')), ''), external_id, created_at FROM main.authz_users WHERE id = ?1
