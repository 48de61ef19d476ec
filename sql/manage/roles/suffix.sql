SELECT lower(hex(randomblob(4)))
