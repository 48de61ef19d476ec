-- Attributes that were told with another type than theirs, and of whom, ?1 at the most.
SELECT name, user FROM main.authz_attribute_problems WHERE user IS NOT NULL LIMIT ?1
