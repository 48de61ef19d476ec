INSERT INTO main._authz_search_documents (resource_type, resource_id, title) VALUES (?1, ?2, ?3)
