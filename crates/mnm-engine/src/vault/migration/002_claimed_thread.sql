ALTER TABLE thread ADD COLUMN claimed_id TEXT;
CREATE INDEX thread_claimed ON thread (account, claimed_id) WHERE claimed_id IS NOT NULL;
