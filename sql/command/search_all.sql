SELECT kind, title, subtitle, resource_type, id FROM main.authz_search_all(?1, ?2, ?3)
