SELECT template FROM main.authz_jwt_template
