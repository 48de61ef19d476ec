UPDATE main.authz_memberships SET status = ?3, directory_managed = 1
WHERE user = +?1 AND organization = +?2 AND (status <> ?3 OR directory_managed = 0)
