SELECT kind, resource_type, id, title, subtitle, score, matches, target FROM main.authz_search(?1, ?4, ?2, ?3)
