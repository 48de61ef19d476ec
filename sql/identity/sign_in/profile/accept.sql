-- An invitation is accepted by the first sign-in, unless a directory decides.
UPDATE main.authz_memberships SET status = 'active'
WHERE user = +?1 AND organization = ?2 AND status = 'pending' AND directory_managed = 0
