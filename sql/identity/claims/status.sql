SELECT status FROM main.authz_memberships WHERE user = ?1 AND organization = ?2
