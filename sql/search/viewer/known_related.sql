SELECT EXISTS (SELECT 1 FROM main.authz_relationships WHERE subject = +?1)
