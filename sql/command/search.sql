SELECT kind, title, subtitle, resource_type, id FROM main.authz_search(?1, ?4, ?2, ?3)
