-- Whether a name matches one of the patterns of ?2, a JSON array.
SELECT EXISTS (SELECT 1 FROM json_each(?2) AS pattern WHERE ?1 GLOB pattern.value)
