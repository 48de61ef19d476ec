-- Whatever this connection writes to the outbox, by whichever trigger, gets the actor of the connection. Temporary triggers are seen by
-- the connection that made them and by no other.
CREATE TEMP TRIGGER IF NOT EXISTS _authz_actor AFTER INSERT ON main._authz_outbox
WHEN NEW.event IS NOT NULL AND _authz_acts()
BEGIN
  SELECT _authz_sign(NEW.seq);
END
