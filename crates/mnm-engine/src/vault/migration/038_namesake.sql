-- The first name that a service gave itself: it may give itself another at any greeting.
ALTER TABLE account ADD COLUMN joined_as TEXT;
UPDATE account SET joined_as = nullif(service, address);

-- Who is or was called so that it looks so, as contacts or in pings. What letters claim is anybody's word.
CREATE TABLE namesake (
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    look    TEXT NOT NULL,
    uid     TEXT NOT NULL,
    PRIMARY KEY (account, look, uid)
) STRICT, WITHOUT ROWID;
INSERT INTO namesake (account, look, uid) SELECT account, look, uid FROM contact;
INSERT OR IGNORE INTO namesake (account, look, uid)
SELECT account, look(from_alias), from_uid FROM ping WHERE incoming = 1;
INSERT OR IGNORE INTO namesake (account, look, uid)
SELECT account, look(to_alias), '' FROM ping WHERE incoming = 0 AND gid IS NULL;
