-- What was told of the user ?1 in the organization ?2 with another type than the attribute's.
SELECT name, type, found FROM main.authz_attribute_problems WHERE user = ?1 AND organization IS ?2
