SELECT 1 FROM main.authz_list_resources(?1, ?2, ?3) LIMIT 1
