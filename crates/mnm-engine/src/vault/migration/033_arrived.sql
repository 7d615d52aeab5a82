-- When something forwarded came into a thread: its letters are as old as their forwarder says.
ALTER TABLE thread ADD COLUMN arrived_ms INTEGER NOT NULL DEFAULT 0;
-- Who has written in the threads of a group is known there, also where no service says who is in it.
INSERT OR IGNORE INTO group_uid (account, gid, uid, alias)
    SELECT DISTINCT message.account, party.uid, message.author_uid, ''
    FROM party
    JOIN message ON message.thread = party.thread
    JOIN grp ON grp.account = message.account AND grp.gid = party.uid
    JOIN account ON account.id = message.account AND account.vouches = 0
    WHERE party.is_group = 1 AND party.struck_ms IS NULL AND message.state = 'received'
      AND message.forwarded_by IS NULL AND message.author_uid <> account.uid
      AND NOT EXISTS (SELECT 1 FROM party AS named
                      WHERE named.thread = party.thread AND named.uid = message.author_uid);
-- What waits at a service that is replaced by one that vouches for groups was posted before it did.
ALTER TABLE account ADD COLUMN greeted INTEGER NOT NULL DEFAULT 0 CHECK (greeted IN (0, 1));
UPDATE account SET greeted = 1;
