-- Where the member has put a thread, and marks that they have given it.
ALTER TABLE thread ADD COLUMN archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1));
ALTER TABLE thread ADD COLUMN trashed_ms INTEGER;
ALTER TABLE thread ADD COLUMN muted INTEGER NOT NULL DEFAULT 0 CHECK (muted IN (0, 1));
ALTER TABLE thread ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1));
ALTER TABLE thread ADD COLUMN starred INTEGER NOT NULL DEFAULT 0 CHECK (starred IN (0, 1));
ALTER TABLE thread ADD COLUMN erasing INTEGER NOT NULL DEFAULT 0 CHECK (erasing IN (0, 1, 2));

DROP INDEX thread_last;
CREATE INDEX thread_inbox ON thread (account, last_at_ms, id)
WHERE archived = 0 AND pinned = 0 AND trashed_ms IS NULL;
CREATE INDEX thread_pinned ON thread (account, last_at_ms, id) WHERE pinned = 1;
CREATE INDEX thread_starred ON thread (account, last_at_ms, id) WHERE starred = 1 AND trashed_ms IS NULL;
CREATE INDEX thread_archive ON thread (account, last_at_ms, id) WHERE archived = 1 AND trashed_ms IS NULL;
CREATE INDEX thread_trash ON thread (account, last_at_ms, id)
WHERE trashed_ms IS NOT NULL AND erasing = 0;
CREATE INDEX thread_trashed ON thread (trashed_ms) WHERE trashed_ms IS NOT NULL AND erasing = 0;
CREATE INDEX thread_erasing ON thread (id) WHERE erasing > 0;

-- An account counts what is unread in the inbox and not muted: by its threads, not by its messages.
DROP TRIGGER unread_insert;
DROP TRIGGER unread_delete;
DROP TRIGGER unread_change;

CREATE TRIGGER unread_insert AFTER INSERT ON message WHEN new.unread = 1 BEGIN
    UPDATE thread SET unread = unread + 1 WHERE id = new.thread;
END;

CREATE TRIGGER unread_delete AFTER DELETE ON message WHEN old.unread = 1 BEGIN
    UPDATE thread SET unread = unread - 1 WHERE id = old.thread;
END;

CREATE TRIGGER unread_change AFTER UPDATE OF unread ON message BEGIN
    UPDATE thread SET unread = unread + new.unread - old.unread WHERE id = new.thread;
END;

CREATE TRIGGER unread_thread_change AFTER UPDATE OF unread, archived, trashed_ms, muted ON thread BEGIN
    UPDATE account SET unread = unread
        + iif(new.archived OR new.muted OR new.trashed_ms IS NOT NULL, 0, new.unread)
        - iif(old.archived OR old.muted OR old.trashed_ms IS NOT NULL, 0, old.unread)
    WHERE id = new.account;
END;

CREATE TRIGGER unread_thread_delete AFTER DELETE ON thread WHEN old.unread > 0 BEGIN
    UPDATE account SET unread = unread
        - iif(old.archived OR old.muted OR old.trashed_ms IS NOT NULL, 0, old.unread)
    WHERE id = old.account;
END;
