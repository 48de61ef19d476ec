SELECT consumer, position, behind, updated_at FROM main.authz_consumers ORDER BY consumer
