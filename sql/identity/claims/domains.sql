SELECT domain, state FROM main.authz_organization_domains WHERE organization = +?1 ORDER BY created_at, domain
