DELETE FROM main.authz_jwt_template
