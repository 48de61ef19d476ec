-- Takes an e-mail address (?2, of the domain ?3) away from whoever has it but the user ?4, where the organization ?1 owns the domain.
UPDATE main.authz_users SET email = NULL
WHERE lower(email) = lower(?2) AND id IS NOT ?4
  AND EXISTS (SELECT 1 FROM main.authz_organization_domains AS d WHERE d.organization = ?1 AND d.domain = lower(?3) AND d.state = 'verified')
