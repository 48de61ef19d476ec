-- Whether anything was ever said about a subject.
SELECT EXISTS (SELECT 1 FROM main.authz_role_assignments WHERE subject = +?1)
    OR EXISTS (SELECT 1 FROM main.authz_group_members WHERE subject = +?1)
