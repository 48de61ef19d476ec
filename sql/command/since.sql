-- A time as it is written in the tables, moved by ?2 where that is not NULL; NULL where ?1 is none.
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', ?1, ifnull(?2, '+0 seconds'))
