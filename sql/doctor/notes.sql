SELECT 'note', 'the index of the search has yet to take in changes; searches read them one by one', printf('%d rows of _authz_search_notes', found), 'SELECT authz_index_search()'
FROM (SELECT count(*) AS found FROM main._authz_search_notes)
WHERE found > 1000
