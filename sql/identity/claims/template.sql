SELECT template FROM main.authz_jwt_template WHERE id = 1
