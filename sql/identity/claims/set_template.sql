INSERT INTO main.authz_jwt_template (template) VALUES (?1)
ON CONFLICT (id) DO UPDATE SET template = excluded.template, updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE template IS NOT excluded.template
