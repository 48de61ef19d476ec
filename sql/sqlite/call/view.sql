-- What a connection calls functions by. The view has no rows: it is written to.
CREATE TEMP VIEW IF NOT EXISTS authz_call (function, arguments) AS SELECT NULL, NULL WHERE 0;
CREATE TEMP TRIGGER IF NOT EXISTS _authz_call_run INSTEAD OF INSERT ON authz_call
BEGIN
  SELECT _authz_call_key();
  INSERT INTO _authz_calls (function, arguments, key) VALUES (NEW.function, NEW.arguments, _authz_call_key());
END;
