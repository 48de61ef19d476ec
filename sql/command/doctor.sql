SELECT * FROM main.authz_doctor()
