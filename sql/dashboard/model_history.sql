SELECT version, summary, applied_at FROM main.authz_model_history ORDER BY version DESC LIMIT 20
