-- The least a loaded library does: it says which version it is.
SELECT authz_version() GLOB '[0-9]*.[0-9]*.[0-9]*';
SELECT name, narg FROM pragma_function_list WHERE name = 'authz_version';
