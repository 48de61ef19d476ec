-- The events after ?1 up to ?2, in order, at most ?3: the view `authz_events` with every table qualified.
WITH authz_events (seq, id, event, data, context, created_at) AS NOT MATERIALIZED (
WITH
-- the object of an event as JSON: as it was after, and (before = 1) as it was before
objects (seq, before, object) AS NOT MATERIALIZED (
  SELECT o.seq, side.before, CASE o.kind
    WHEN 'permission' THEN json_object(
      'object', 'permission',
      'id', p.id,
      'slug', p.slug,
      'name', ifnull(p.name, p.slug),
      'description', p.description,
      'system', json(CASE p.flag WHEN 1 THEN 'true' ELSE 'false' END),
      'resource_type_slug', p.resource_type,
      'relation', p.relation,
      'created_at', p.created_at,
      'updated_at', p.updated_at)
    WHEN 'role' THEN (
      SELECT CASE WHEN p.organization IS NULL
        THEN json_object(
          'object', 'role',
          'id', p.id,
          'slug', p.slug,
          'name', p.name,
          'description', p.description,
          'type', 'EnvironmentRole',
          'resource_type_slug', p.resource_type,
          'is_default', json(CASE p.flag WHEN 1 THEN 'true' ELSE 'false' END),
          'priority', p.number,
          'permissions', json(list.permissions),
          'created_at', p.created_at,
          'updated_at', p.updated_at)
        ELSE json_object(
          'object', 'organization_role',
          'id', p.id,
          'organization_id', CAST(p.organization AS TEXT),
          'slug', p.slug,
          'name', ifnull(p.name, p.slug),
          'description', p.description,
          'type', 'OrganizationRole',
          'resource_type_slug', p.resource_type,
          'is_default', json('false'),
          'priority', p.number,
          'permissions', json(list.permissions),
          'created_at', p.created_at,
          'updated_at', p.updated_at)
        END
      FROM (
        -- the list of today, with every change undone that came after the event (of a deleted role, with the deletion undone too): each
        -- permission is as the first change since says it was, or as it is today; one look-up for each permission, however many changes
        SELECT json_group_array(permission) AS permissions FROM (
          SELECT permission FROM (
            WITH RECURSIVE changed (permission) AS (
              SELECT min(permission) FROM main._authz_outbox_role_permissions WHERE role_id = p.id
              UNION ALL
              SELECT (SELECT min(n.permission) FROM main._authz_outbox_role_permissions AS n WHERE n.role_id = p.id AND n.permission > changed.permission)
              FROM changed WHERE permission IS NOT NULL
            )
            SELECT permission FROM changed WHERE permission IS NOT NULL
            UNION
            SELECT rp.permission
            FROM main.authz_roles AS r JOIN main.authz_role_permissions AS rp ON rp.role = r.slug AND rp.organization IS r.organization
            WHERE r.id = p.id
          ) AS either
          WHERE ifnull(
            (SELECT n.held FROM main._authz_outbox_role_permissions AS n
             WHERE n.role_id = p.id AND n.permission = either.permission AND n.seq > o.seq - (side.before = 1 OR o.event GLOB '*.deleted')
             ORDER BY n.seq LIMIT 1),
            EXISTS (
              SELECT 1 FROM main.authz_roles AS r JOIN main.authz_role_permissions AS rp ON rp.role = r.slug AND rp.organization IS r.organization
              WHERE r.id = p.id AND rp.permission = either.permission))
          ORDER BY permission
        )
      ) AS list
    )
    WHEN 'role_assignment' THEN json_object(
      'object', 'role_assignment',
      'subject', p.subject,
      'role', json_object('slug', p.role),
      'organization_id', CAST(p.organization AS TEXT),
      'resource_type_slug', p.resource_type,
      'resource_id', p.resource_id,
      'source', p.source,
      'expires_at', p.expires_at,
      'created_at', p.created_at)
    WHEN 'relationship' THEN json_object(
      'object', 'relationship',
      'subject', p.subject,
      'relation', p.relation,
      'resource_type_slug', p.resource_type,
      'resource_id', p.resource_id,
      'expires_at', p.expires_at,
      'created_at', p.created_at)
    WHEN 'authorization_resource' THEN json_object(
      'object', 'authorization_resource',
      'id', p.resource_type || ':' || p.resource_id,
      'external_id', ifnull(p.external_id, CAST(p.resource_id AS TEXT)),
      'resource_type_slug', p.resource_type,
      'resource_id', p.resource_id,
      'name', p.name,
      'description', p.description,
      'organization_id', CAST(p.organization AS TEXT),
      'parent_resource_id', p.parent_type || ':' || p.parent_id,
      'parent_resource_type_slug', p.parent_type,
      'created_at', p.created_at,
      'updated_at', p.updated_at)
    WHEN 'organization' THEN json_object(
      'object', 'organization',
      'id', CAST(p.id AS TEXT),
      'resource_id', p.id,
      'name', ifnull(p.name, CAST(p.id AS TEXT)),
      'description', p.description,
      'domains', json('[]'),
      'metadata', json(CASE WHEN json_valid(p.metadata) THEN p.metadata ELSE '{}' END),
      'external_id', p.external_id,
      'created_at', p.created_at,
      'updated_at', p.updated_at)
    WHEN 'user' THEN json_object(
      'object', 'user',
      'id', p.id,
      'email', p.email,
      'email_verified', json('false'),
      'first_name', p.first_name,
      'last_name', p.last_name,
      'profile_picture_url', NULL,
      'last_sign_in_at', NULL,
      'metadata', json(CASE WHEN json_valid(p.metadata) THEN p.metadata ELSE '{}' END),
      'external_id', p.external_id,
      'created_at', p.created_at,
      'updated_at', p.updated_at)
    WHEN 'organization_membership' THEN json_object(
      'object', 'organization_membership',
      'id', p.id,
      'user_id', substr(p.subject, 6),
      'organization_id', CAST(p.organization AS TEXT),
      'status', p.status,
      'role', json_object('slug', substr(p.roles, 1, instr(p.roles || ' ', ' ') - 1)),
      'roles', json('[{"slug":"' || replace(p.roles, ' ', '"},{"slug":"') || '"}]'),
      'directory_managed', json(CASE p.flag WHEN 1 THEN 'true' ELSE 'false' END),
      'custom_attributes', json(CASE WHEN json_valid(p.metadata) THEN p.metadata ELSE '{}' END),
      'created_at', p.created_at,
      'updated_at', p.updated_at)
    WHEN 'group' THEN CASE WHEN p.organization IS NULL
      THEN json_object(
        'object', 'authz_group',
        'id', p.id,
        'name', ifnull(p.name, p.id),
        'description', p.description,
        'created_at', p.created_at,
        'updated_at', p.updated_at)
      ELSE json_object(
        'object', 'group',
        'id', p.id,
        'organization_id', CAST(p.organization AS TEXT),
        'name', ifnull(p.name, p.id),
        'description', p.description,
        'created_at', p.created_at,
        'updated_at', p.updated_at)
      END
    WHEN 'group_member' THEN CASE WHEN p.membership IS NULL
      THEN json_object('group_id', p.id, 'subject', p.subject)
      ELSE json_object('group_id', p.id, 'organization_membership_id', p.membership, 'subject', p.subject)
      END
    WHEN 'connection' THEN json_object(
      'object', 'connection',
      'id', p.id,
      'organization_id', CAST(p.organization AS TEXT),
      'connection_type', p.source,
      'name', ifnull(p.name, p.source),
      'state', p.status,
      'status', CASE p.status WHEN 'active' THEN 'linked' ELSE 'unlinked' END,
      'external_key', p.id,
      'domains', json('[]'),
      'created_at', p.created_at,
      'updated_at', p.updated_at)
    -- a path that is not there removes nothing
    WHEN 'sso_session' THEN json_remove(json_object(
      'type', 'sso',
      'status', p.status,
      'ip_address', p.ip_address,
      'user_agent', p.user_agent,
      'user_id', substr(p.subject, 6),
      'email', p.email,
      'sso', json_object(
        'organization_id', CAST(p.organization AS TEXT),
        'connection_id', p.connection,
        'session_id', p.id),
      'error', json_object('code', p.error_code, 'message', p.error_message)),
      CASE WHEN p.error_code IS NULL THEN '$.error' ELSE '$.none' END)
    WHEN 'session' THEN json_remove(json_object(
      'object', 'session',
      'id', p.id,
      'user_id', substr(p.subject, 6),
      'organization_id', CAST(p.organization AS TEXT),
      'auth_method', CASE WHEN p.auth_method IN ('cross_app_auth', 'external_auth', 'impersonation', 'magic_code', 'migrated_session',
        'oauth', 'passkey', 'password', 'sso') THEN p.auth_method ELSE 'unknown' END,
      'status', p.status,
      'ip_address', p.ip_address,
      'user_agent', p.user_agent,
      'impersonator', CASE
        WHEN CASE WHEN json_valid(p.impersonator) THEN json_type(p.impersonator, '$.email') END IS 'text'
        THEN json_object('email', json_extract(p.impersonator, '$.email'), 'reason', json_extract(p.impersonator, '$.reason'))
        ELSE json_object('email', p.impersonator, 'reason', NULL) END,
      'expires_at', p.expires_at,
      'ended_at', p.ended_at,
      'created_at', p.created_at,
      'updated_at', p.updated_at),
      CASE WHEN p.organization IS NULL THEN '$.organization_id' ELSE '$.none' END,
      CASE WHEN p.impersonator IS NULL THEN '$.impersonator' ELSE '$.none' END)
    WHEN 'model' THEN json_object(
      'object', 'model',
      'version', p.number,
      'summary', json(CASE WHEN json_valid(p.metadata) THEN p.metadata ELSE '{}' END),
      'applied_at', p.created_at)
    WHEN 'events' THEN json_object('object', 'events', 'value', p.status)
    WHEN 'directory' THEN json_object(
      'object', 'directory',
      'id', p.id,
      'organization_id', CAST(p.organization AS TEXT),
      'external_key', p.id,
      'type', p.type,
      'state', p.status,
      'name', p.name,
      'domains', json('[]'),
      'created_at', p.created_at,
      'updated_at', p.updated_at)
    -- a member of a directory group: user and group as they were, after the last event of each before this one, or before the first after it
    -- where those are pruned, or as they are now
    ELSE (
      SELECT CASE p.kind
        WHEN 'directory_user' THEN told.user
        WHEN 'directory_group' THEN told.directory_group
        WHEN 'directory_group_user'
        THEN json_object('directory_id', p.directory, 'user', json(told.user), 'group', json(told.directory_group)) END
      FROM (SELECT (
        SELECT json_object(
          'object', 'directory_user',
          'id', x.id,
          'directory_id', x.directory,
          'organization_id', CAST(x.organization AS TEXT),
          'idp_id', x.idp_id,
          'email', x.email,
          'first_name', x.first_name,
          'last_name', x.last_name,
          'username', x.username,
          'state', x.status,
          'raw_attributes', json(CASE WHEN json_valid(x.raw_attributes) THEN x.raw_attributes ELSE '{}' END),
          'custom_attributes', json(CASE WHEN json_valid(x.metadata) THEN x.metadata ELSE '{}' END),
          'created_at', x.created_at,
          'updated_at', x.updated_at)
      FROM (
        SELECT id, directory, organization, idp_id, email, first_name, last_name, username, status, raw_attributes, metadata, name, created_at, updated_at
        FROM main._authz_outbox WHERE seq = CASE p.kind WHEN 'directory_user' THEN p.seq ELSE ifnull(
          (SELECT max(q.seq) FROM main._authz_outbox AS q
           WHERE q.id = p.subject AND q.kind = 'directory_user' AND q.seq < p.seq AND q.event IS NOT NULL AND q.directory IS NOT NULL),
          (SELECT min(q.seq) + (q.event GLOB '*.updated') FROM main._authz_outbox AS q
           WHERE q.id = p.subject AND q.kind = 'directory_user' AND q.seq > p.seq AND q.event IS NOT NULL AND q.directory IS NOT NULL)) END
        UNION ALL
        SELECT * FROM main._authz_directory_now WHERE id = p.subject
        LIMIT 1
      ) AS x
      ) AS user, (
        SELECT json_object(
          'object', 'directory_group',
          'id', x.id,
          'directory_id', x.directory,
          'organization_id', CAST(x.organization AS TEXT),
          'idp_id', x.idp_id,
          'name', x.name,
          'raw_attributes', json(CASE WHEN json_valid(x.raw_attributes) THEN x.raw_attributes ELSE '{}' END),
          'created_at', x.created_at,
          'updated_at', x.updated_at)
      FROM (
        SELECT id, directory, organization, idp_id, email, first_name, last_name, username, status, raw_attributes, metadata, name, created_at, updated_at
        FROM main._authz_outbox WHERE seq = CASE p.kind WHEN 'directory_group' THEN p.seq ELSE ifnull(
          (SELECT max(q.seq) FROM main._authz_outbox AS q
           WHERE q.id = p.id AND q.kind = 'directory_group' AND q.seq < p.seq AND q.event IS NOT NULL AND q.directory IS NOT NULL),
          (SELECT min(q.seq) + (q.event GLOB '*.updated') FROM main._authz_outbox AS q
           WHERE q.id = p.id AND q.kind = 'directory_group' AND q.seq > p.seq AND q.event IS NOT NULL AND q.directory IS NOT NULL)) END
        UNION ALL
        SELECT * FROM main._authz_directory_now WHERE id = p.id
        LIMIT 1
      ) AS x
      ) AS directory_group) AS told
    )
    END
  FROM main._authz_outbox AS o
  JOIN (SELECT 0 AS before UNION ALL SELECT 1) AS side
  JOIN main._authz_outbox AS p ON p.seq = o.seq + CASE side.before
    WHEN 1 THEN EXISTS (SELECT 1 FROM main._authz_outbox AS q WHERE q.seq = o.seq + 1 AND q.event IS NULL) ELSE 0 END
)
SELECT
  e.seq,
  e.id,
  e.event,
  -- of what a directory tells, WorkOS has what was before in the object itself
  CASE WHEN e.event IN ('dsync.user.updated', 'dsync.group.updated')
    THEN json_set(e.data, '$.previous_attributes', json(e.previous_attributes)) ELSE e.data END,
  -- written so that each part stands here once, for SQLite works it out as often as it is named
  nullif('{' || substr(ifnull(',"actor":' || e.actor, '') || CASE WHEN e.event IN ('dsync.user.updated', 'dsync.group.updated') THEN ''
    ELSE ifnull(',"previous_attributes":' || e.previous_attributes, '') END, 2) || '}', '{}'),
  e.created_at
FROM (
  SELECT
    o.seq,
    printf('event_%016x%08x', o.token, o.seq) AS id,
    o.event,
    (SELECT object FROM objects WHERE seq = o.seq AND before = 0) AS data,
    CASE WHEN o.actor_id IS NOT NULL
      THEN json_object('id', o.actor_id, 'source', o.actor_source, 'name', o.actor_name)
    END AS actor,
    CASE WHEN o.event GLOB '*.updated' OR o.event GLOB '*.moved' THEN (
      SELECT json_group_object(was.key, json(x.old -> was.fullkey))
      -- LIMIT keeps SQLite from rendering both anew for every member
      FROM (
        SELECT
          (SELECT object FROM objects WHERE seq = o.seq AND before = 1) AS old,
          (SELECT object FROM objects WHERE seq = o.seq AND before = 0) AS new
        LIMIT 1
      ) AS x, json_each(x.old) AS was
      WHERE was.key <> 'updated_at' AND (x.old -> was.fullkey) IS NOT (x.new -> was.fullkey)
    ) END AS previous_attributes,
    o.written_at AS created_at
  FROM main._authz_outbox AS o
  WHERE o.event IS NOT NULL
) AS e
)
SELECT seq, id, event, data, context, created_at FROM authz_events WHERE seq > +?1 AND seq <= +?2 ORDER BY seq LIMIT +?3;
