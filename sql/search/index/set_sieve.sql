INSERT INTO main._authz_search_sieve (id, bits) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET bits = excluded.bits
