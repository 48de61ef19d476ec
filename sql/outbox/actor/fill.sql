-- Whatever this connection writes to the outbox, by whichever trigger, gets the actor of the connection. Temporary triggers are seen by
-- the connection that made them and by no other.
CREATE TEMP TRIGGER IF NOT EXISTS _authz_actor AFTER INSERT ON main._authz_outbox
WHEN NEW.event IS NOT NULL AND _authz_actor('id') IS NOT NULL
BEGIN
  UPDATE _authz_outbox
  SET actor_id = _authz_actor('id'), actor_source = _authz_actor('source'), actor_name = _authz_actor('name')
  WHERE seq = NEW.seq AND actor_id IS NULL;
END
