SELECT kind, resource_type, id, title, subtitle, matches, target FROM main.authz_search_all(?1, ?2)
