SELECT organization, type, state, ifnull(timeout_seconds, 300), jit FROM main.authz_connections WHERE id = +?1
