UPDATE main.authz_directory_users SET user = ?2 WHERE id = +?1
