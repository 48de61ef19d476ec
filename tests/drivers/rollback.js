// A rollback takes a grant along, in the default mode of better-sqlite3. Arguments: the library, a folder.
const assert = require('node:assert');
const { createRequire } = require('node:module');
const Database = createRequire(process.cwd() + '/')('better-sqlite3');

const [library, folder] = process.argv.slice(2);
const db = new Database(folder + '/node.db');
db.loadExtension(library);
const call = db.prepare('INSERT INTO authz_call(function, arguments) VALUES (?, ?)');
const run = (name, ...args) => call.run(name, JSON.stringify(args));
const allowed = () => db.prepare("SELECT authz_check('user:ana', 'document:read', 'document', ?) AS a").get(1).a;

db.prepare('SELECT authz_migrate()').get();
run('apply', {
  resource_types: { document: { parents: ['organization'] } },
  permissions: { 'document:read': { resource_type: 'document' } },
  roles: { reader: { resource_type: 'document', permissions: ['document:read'] } },
});
run('put_resource', 'organization', 'acme', null, null);
run('put_resource', 'document', 1, 'organization', 'acme');

assert.strictEqual(call.readonly, false);
assert.throws(() => db.transaction(() => {
  run('grant', 'user:ana', 'reader', 'document', 1);
  assert.strictEqual(allowed(), 1);
  throw new Error('undo');
})(), /undo/);
assert.strictEqual(allowed(), 0);
run('grant', 'user:ana', 'reader', 'document', 1);
assert.strictEqual(allowed(), 1);
const result = db.prepare("INSERT INTO authz_call(function, arguments) VALUES ('grant', ?) RETURNING authz_result() AS r");
assert.strictEqual(result.get(JSON.stringify(['user:ana', 'reader', 'document', 1])).r, 0);
try {
  db.prepare("SELECT authz_require('user:eve', 'document:read', 'document', ?)").get(1);
  assert.fail('eve is refused');
} catch (error) {
  assert.strictEqual(error.code, 'SQLITE_AUTH');
  assert.match(error.message, /^authz_require: `user:eve` lacks `document:read` on document `1`$/);
}
db.close();
console.log('ok');
