SELECT 1 FROM pragma_module_list WHERE name = 'fts5'
