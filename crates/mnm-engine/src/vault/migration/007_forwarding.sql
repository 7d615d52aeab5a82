-- What it may hold grows by two kinds, and a check cannot be altered.
ALTER TABLE outbox RENAME TO outbox_before;
CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    account  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind     TEXT NOT NULL CHECK (kind IN ('post', 'ping', 'invite', 'join', 'sync', 'forward', 'confirm')),
    message  INTEGER UNIQUE REFERENCES message (id) ON DELETE CASCADE,
    ping     INTEGER UNIQUE REFERENCES ping (id) ON DELETE CASCADE,
    body     TEXT,
    request  TEXT NOT NULL UNIQUE,
    attempts INTEGER NOT NULL,
    CHECK ((kind = 'post') = (message IS NOT NULL)),
    CHECK ((kind IN ('ping', 'invite', 'join')) = (ping IS NOT NULL)),
    CHECK ((kind IN ('sync', 'forward', 'confirm')) = (body IS NOT NULL))
) STRICT;
INSERT INTO outbox (id, account, kind, message, ping, body, request, attempts)
    SELECT id, account, kind, message, ping, body, request, attempts FROM outbox_before;
-- A number that was given once is not given again.
DELETE FROM sqlite_sequence WHERE name = 'outbox';
UPDATE sqlite_sequence SET name = 'outbox' WHERE name = 'outbox_before';
DROP TABLE outbox_before;
CREATE INDEX outbox_account ON outbox (account, id);
