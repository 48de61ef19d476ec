SELECT number, title FROM main._authz_search_documents WHERE resource_type = +?1 AND resource_id = +?2
