INSERT INTO main.authz_directory_users
  (directory, organization, idp_id, email, username, username_key, first_name, last_name, state, raw_attributes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, CASE WHEN ?9 THEN 'active' ELSE 'inactive' END, ?10)
RETURNING id
