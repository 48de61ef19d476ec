-- What another user of the directory ?1 than ?5 has already: the name ?2, the provider's id ?3, the address ?4.
SELECT 'userName' FROM main.authz_directory_users WHERE directory = +?1 AND username_key = +?2 AND id IS NOT ?5
UNION ALL
SELECT 'externalId' FROM main.authz_directory_users WHERE directory = +?1 AND idp_id = +?3 AND id IS NOT ?5
UNION ALL
SELECT 'e-mail address' FROM main.authz_directory_users WHERE directory = +?1 AND email IS NOT NULL AND lower(email) = lower(+?4) AND id IS NOT ?5
LIMIT 1
