ALTER TABLE outbox ADD COLUMN held_until_ms INTEGER;
