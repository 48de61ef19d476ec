SELECT kind, resource_type, id, title, subtitle, score, matches, target FROM main.authz_search_all(?1, ?2, ?3)
