-- Whether a user needs an active membership for any access in an organization.
SELECT value IS NOT 'off' FROM main._authz_settings WHERE name = 'require_membership'
