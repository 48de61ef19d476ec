-- Whom the provider of the directory ?1 meant by the id ?2, unless another user of the directory stands for that person now.
SELECT p.user FROM main._authz_directory_people AS p
WHERE p.directory = +?1 AND p.idp_id = +?2
  AND NOT EXISTS (SELECT 1 FROM main.authz_directory_users AS u WHERE u.user = p.user AND u.directory = p.directory)
