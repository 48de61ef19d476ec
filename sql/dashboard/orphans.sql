-- How many relationships the model does not allow, counted up to ?1.
SELECT count(*) FROM (SELECT 1 FROM main.authz_orphans LIMIT ?1)
