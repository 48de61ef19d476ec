UPDATE main.authz_directories SET name = ?2, type = ifnull(?3, type), state = 'active' WHERE id = +?1
