-- The tables that FTS5 makes with a key and without a rowid for the index of the search. These statements are compiled and not run.
CREATE TABLE _authz_search_index_idx (segid, term, pgno, PRIMARY KEY (segid, term)) WITHOUT ROWID;
CREATE TABLE _authz_search_index_config (k PRIMARY KEY, v) WITHOUT ROWID;
