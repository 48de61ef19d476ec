-- An organization by the two ways in which its id may be stored.
SELECT id FROM main.authz_organizations WHERE id = ?1 OR id = ?2
