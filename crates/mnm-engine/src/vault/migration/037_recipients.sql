-- Whom a letter that waits is for: who comes to its thread meanwhile does not get it.
ALTER TABLE outbox ADD COLUMN meant TEXT;
CREATE INDEX outbox_forward ON outbox (account) WHERE kind = 'forward';
-- Who has left a group and is invited to it anew is not in it yet.
ALTER TABLE grp ADD COLUMN was_in INTEGER NOT NULL DEFAULT 0 CHECK (was_in IN (0, 1));
UPDATE grp SET was_in = 1 WHERE standing <> 'invited';
