INSERT INTO main.authz_model_history (version, document, summary)
SELECT ifnull(max(version), 0) + 1, ?1, ?2 FROM main.authz_model_history
RETURNING version;
