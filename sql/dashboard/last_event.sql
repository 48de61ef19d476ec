SELECT ifnull(max(seq), 0) FROM main.authz_events
