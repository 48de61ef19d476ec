"""A rollback takes a grant along, in the default mode of Python's drivers. Arguments: the library, a folder."""

import sys

import pysqlite3 as sqlite3
import sqlalchemy
from sqlalchemy import event, text

library, folder = sys.argv[1], sys.argv[2]
MODEL = """{"resource_types": {"document": {"parents": ["organization"]}},
  "permissions": {"document:read": {"resource_type": "document"}},
  "roles": {"reader": {"resource_type": "document", "permissions": ["document:read"]}}}"""
CALL = "INSERT INTO authz_call(function, arguments) VALUES (?, ?)"
ALLOWED = "SELECT authz_check('user:ana', 'document:read', 'document', 1)"


def load(connection, _record=None):
    connection.enable_load_extension(True)
    connection.load_extension(library)


def prepare(connection):
    connection.execute("SELECT authz_migrate()").fetchall()
    connection.execute(CALL, ("apply", sqlite3_json(MODEL)))
    connection.execute(CALL, ("put_resource", '["organization", "acme", null, null]'))
    connection.execute(CALL, ("put_resource", '["document", 1, "organization", "acme"]'))
    connection.commit()


def sqlite3_json(model):
    return "[" + model + "]"


GRANT = ("grant", '["user:ana", "reader", "document", 1]')

# The driver by itself: it opens a transaction for a statement that writes.
connection = sqlite3.connect(folder + "/driver.db")
load(connection)
prepare(connection)
connection.execute(CALL, GRANT)
assert connection.in_transaction
assert connection.execute(ALLOWED).fetchone() == (1,)
connection.rollback()
assert connection.execute(ALLOWED).fetchone() == (0,)
row = connection.execute(CALL + " RETURNING authz_result()", GRANT).fetchall()
assert row == [(1,)], row
connection.commit()
assert connection.execute(ALLOWED).fetchone() == (1,)
# `with` commits, or rolls back what an exception ends.
try:
    with connection:
        connection.execute(CALL, ("revoke", GRANT[1]))
        raise RuntimeError
except RuntimeError:
    pass
assert connection.execute(ALLOWED).fetchone() == (1,)
# A bulk that fails at one row leaves none.
subjects = "SELECT 'grant', json_array(value, 'reader', 'document', 1) FROM json_each('[\"user:b\", \"user:c\", \"nobody\"]')"
try:
    connection.execute("INSERT INTO authz_call(function, arguments) " + subjects)
    raise AssertionError("the third row is refused")
except sqlite3.DatabaseError as error:
    assert "authz_grant: the subject `nobody` has no type" in str(error), error
count = "SELECT count(*) FROM authz_role_assignments WHERE subject IN ('user:b', 'user:c')"
assert connection.execute(count).fetchone() == (0,)
connection.commit()
# A refusal of access has a code of its own.
try:
    connection.execute("SELECT authz_require('user:eve', 'document:read', 'document', 1)").fetchone()
    raise AssertionError("eve is refused")
except sqlite3.DatabaseError as error:
    assert str(error) == "authz_require: `user:eve` lacks `document:read` on document `1`", error
    assert getattr(error, "sqlite_errorcode", 23) == 23, error.sqlite_errorcode
connection.close()

# SQLAlchemy: engine.begin() in its default mode.
engine = sqlalchemy.create_engine(f"sqlite:///{folder}/alchemy.db", module=sqlite3)
event.listen(engine, "connect", load)
call = text("INSERT INTO authz_call(function, arguments) VALUES (:function, :arguments)")
with engine.connect() as opened:
    prepare(opened.connection.driver_connection)
grant = dict(zip(("function", "arguments"), GRANT))
try:
    with engine.begin() as opened:
        opened.execute(call, grant)
        assert opened.execute(text(ALLOWED)).scalar() == 1
        raise RuntimeError
except RuntimeError:
    pass
with engine.connect() as opened:
    assert opened.execute(text(ALLOWED)).scalar() == 0
with engine.begin() as opened:
    opened.execute(call, grant)
with engine.connect() as opened:
    assert opened.execute(text(ALLOWED)).scalar() == 1
print("ok")
