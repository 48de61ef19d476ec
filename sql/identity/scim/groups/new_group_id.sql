SELECT 'directory_group_' || lower(hex(randomblob(13)))
