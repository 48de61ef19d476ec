-- Whether anybody is suspended in an organization.
SELECT 1 FROM main._authz_standings WHERE organization = +?1 AND active IS NOT 1
