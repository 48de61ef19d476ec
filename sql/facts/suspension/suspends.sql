-- Whether anybody is suspended in an organization.
SELECT 1 FROM main._authz_suspensions WHERE organization = +?1
