-- Whom the provider of the connection ?1 means by its id ?2.
SELECT user FROM main._authz_sso_profiles WHERE connection = +?1 AND idp_id = +?2
