-- What an error code means, in words.
SELECT description FROM main.authz_sso_errors WHERE code = ?1
