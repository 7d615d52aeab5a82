CREATE TABLE browser (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    label    TEXT NOT NULL,
    key      BLOB NOT NULL CHECK (length(key) = 32),
    since_ms INTEGER NOT NULL,
    used_ms  INTEGER NOT NULL
) STRICT;
CREATE TABLE page_port (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    port INTEGER NOT NULL CHECK (port BETWEEN 1024 AND 65535)
) STRICT;
