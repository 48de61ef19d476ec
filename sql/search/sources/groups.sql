SELECT id, ifnull(name, id), id || ' ' || ifnull(description, ''), organization, json_object('group', id)
FROM main.authz_groups
