-- What of the member's own letters somebody had who forwards their thread. `since_id`: newest message when the
-- member joined, or somebody else was seen to join. Of those who are there already only what is written from
-- now on counts.
ALTER TABLE grp ADD COLUMN since_id TEXT NOT NULL DEFAULT '';
ALTER TABLE group_uid ADD COLUMN since_id TEXT NOT NULL DEFAULT '';
UPDATE grp SET since_id = max(
    coalesce((SELECT max(msgid) FROM seen WHERE account = grp.account), ''),
    coalesce((SELECT max(msgid) FROM message WHERE account = grp.account AND msgid < 'f'), ''));
-- Whether it was written in another thread, or for other readers.
ALTER TABLE message ADD COLUMN moved INTEGER NOT NULL DEFAULT 0 CHECK (moved IN (0, 1));
