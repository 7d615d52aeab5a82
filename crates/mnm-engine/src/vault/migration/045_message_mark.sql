-- Single messages that have a star, or are in the trash.
ALTER TABLE message ADD COLUMN starred INTEGER NOT NULL DEFAULT 0 CHECK (starred IN (0, 1));
ALTER TABLE message ADD COLUMN trashed_ms INTEGER;
CREATE INDEX message_trashed ON message (trashed_ms) WHERE trashed_ms IS NOT NULL;
CREATE INDEX message_trashed_thread ON message (thread, id) WHERE trashed_ms IS NOT NULL;

ALTER TABLE thread ADD COLUMN stars INTEGER NOT NULL DEFAULT 0;
DROP INDEX thread_starred;
CREATE INDEX thread_starred ON thread (account, last_at_ms, id)
WHERE (starred = 1 OR stars > 0) AND trashed_ms IS NULL;

CREATE TRIGGER star_insert AFTER INSERT ON message WHEN new.starred = 1 AND new.trashed_ms IS NULL BEGIN
    UPDATE thread SET stars = stars + 1 WHERE id = new.thread;
END;

CREATE TRIGGER star_delete AFTER DELETE ON message WHEN old.starred = 1 AND old.trashed_ms IS NULL BEGIN
    UPDATE thread SET stars = stars - 1 WHERE id = old.thread;
END;

CREATE TRIGGER star_change AFTER UPDATE OF thread, starred, trashed_ms ON message
WHEN new.starred = 1 OR old.starred = 1 BEGIN
    UPDATE thread SET stars = stars - (old.starred AND old.trashed_ms IS NULL) WHERE id = old.thread;
    UPDATE thread SET stars = stars + (new.starred AND new.trashed_ms IS NULL) WHERE id = new.thread;
END;
