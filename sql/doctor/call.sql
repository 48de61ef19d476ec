-- A row that was forced in; calls of functions leave none.
SELECT 'error', 'the mark of a running call is left, so plain SQL may write what only functions may', '_authz_call', 'DELETE FROM _authz_call'
FROM main._authz_call
