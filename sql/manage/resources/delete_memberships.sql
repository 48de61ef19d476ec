DELETE FROM main.authz_memberships WHERE organization = +?1
