-- The moment from which on events are kept, by the setting.
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || value || ' days') FROM main._authz_settings WHERE name = 'events_keep_days'
