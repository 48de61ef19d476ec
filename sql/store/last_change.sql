SELECT ifnull(max(number), 0) FROM main._authz_changes
