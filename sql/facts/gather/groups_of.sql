-- The groups that a subject is a member of, without those that it is in through another.
SELECT group_id FROM main.authz_group_members WHERE subject = +?1
