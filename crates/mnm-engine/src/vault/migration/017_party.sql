-- Who reads a thread: one row for each id, with who added them and when, and whether the member has
-- struck them. A member's id is never a group.
ALTER TABLE party RENAME TO party_old;
CREATE TABLE party (
    thread    INTEGER NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    ord       INTEGER NOT NULL,
    is_group  INTEGER NOT NULL CHECK (is_group IN (0, 1)),
    uid       TEXT NOT NULL,
    alias     TEXT NOT NULL,
    by_uid    TEXT NOT NULL,
    at_ms     INTEGER NOT NULL,
    struck_ms INTEGER,
    PRIMARY KEY (thread, uid)
) STRICT, WITHOUT ROWID;
INSERT INTO party (thread, ord, is_group, uid, alias, by_uid, at_ms)
SELECT thread, min(ord),
    CASE WHEN length(uid) = 32 AND uid NOT GLOB '*[^%+1-9B-DF-HJ-NP-TV-Z]*' THEN 0 ELSE max(is_group) END,
    uid, alias, '', 0
FROM party_old GROUP BY thread, uid;
DROP TABLE party_old;
-- What cannot be reached stopped every letter of its thread: ids that are none, and more than a header
-- takes.
UPDATE party SET struck_ms = 1
WHERE is_group = 0 AND (length(uid) <> 32 OR uid GLOB '*[^%+1-9B-DF-HJ-NP-TV-Z]*')
    AND uid NOT IN (SELECT uid FROM account);
UPDATE party SET struck_ms = 1
WHERE thread IN (SELECT thread FROM party GROUP BY thread HAVING count(*) > 500)
    AND (SELECT count(*) FROM party AS earlier
         WHERE earlier.thread = party.thread AND earlier.ord <= party.ord) > 500
    AND uid NOT IN (SELECT uid FROM account);

-- `known`: whether who is in the thread is known, by its first letter or from another device. `told_ms`:
-- when the member's other devices were told who is in it. `unlisted`: names that were too many.
ALTER TABLE thread ADD COLUMN known INTEGER NOT NULL DEFAULT 0 CHECK (known IN (0, 1));
ALTER TABLE thread ADD COLUMN told_ms INTEGER;
ALTER TABLE thread ADD COLUMN unlisted INTEGER NOT NULL DEFAULT 0;
UPDATE thread SET known = 1
WHERE service_id IS NULL OR EXISTS
    (SELECT 1 FROM message WHERE message.account = thread.account AND msgid = service_id);

-- Threads of which another device of the member has told, and of which no letter is here yet.
CREATE TABLE foretold (
    account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    service_id TEXT NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (account, service_id)
) STRICT, WITHOUT ROWID;

-- Members of groups whose permanent id is known: vouched for by the service, or the member's own word.
CREATE TABLE group_uid (
    account INTEGER NOT NULL,
    gid     TEXT NOT NULL,
    uid     TEXT NOT NULL,
    alias   TEXT NOT NULL,
    PRIMARY KEY (account, gid, uid),
    FOREIGN KEY (account, gid) REFERENCES grp (account, gid) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO group_uid (account, gid, uid, alias)
SELECT account, gid, from_uid, from_alias FROM ping
WHERE incoming = 1 AND gid IS NOT NULL
    AND EXISTS (SELECT 1 FROM grp WHERE grp.account = ping.account AND grp.gid = ping.gid);
INSERT OR IGNORE INTO group_uid (account, gid, uid, alias)
SELECT DISTINCT grp.account, grp.gid, contact.uid, ''
FROM grp
JOIN party ON party.is_group = 1 AND party.uid = grp.gid
JOIN message ON message.thread = party.thread AND message.account = grp.account
JOIN contact ON contact.account = grp.account AND contact.uid = message.author_uid;

-- Whom the service could not reach with a letter that the others have.
CREATE TABLE left_out (
    message INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    uid     TEXT NOT NULL,
    reason  TEXT NOT NULL,
    PRIMARY KEY (message, uid)
) STRICT, WITHOUT ROWID;

-- Invitations that were taken up are answered.
UPDATE ping SET state = 'accepted'
WHERE incoming = 0 AND gid IS NOT NULL AND state = 'waiting'
    AND EXISTS (SELECT 1 FROM group_member AS m WHERE m.account = ping.account AND m.gid = ping.gid
                    AND m.alias = ping.to_alias AND m.standing = 'joined');
