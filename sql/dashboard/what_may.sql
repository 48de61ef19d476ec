SELECT permission FROM main.authz_list_permissions(?1, ?2, ?3)
