-- Organizations that have roles of their own.
SELECT DISTINCT organization FROM main.authz_roles WHERE organization IS NOT NULL ORDER BY organization LIMIT 500
