DELETE FROM main._authz_search_documents WHERE number = +?1
