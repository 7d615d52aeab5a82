ALTER TABLE thread ADD COLUMN messages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE thread ADD COLUMN files INTEGER NOT NULL DEFAULT 0;
UPDATE thread SET
    messages = (SELECT count(*) FROM message WHERE message.thread = thread.id),
    files = (SELECT count(*) FROM message JOIN attachment ON attachment.message = message.id
             WHERE message.thread = thread.id);

CREATE INDEX message_subject ON message (thread, at_ms, id) WHERE subject <> '';

CREATE TRIGGER thread_count_insert AFTER INSERT ON message BEGIN
    UPDATE thread SET messages = messages + 1 WHERE id = new.thread;
END;

CREATE TRIGGER thread_count_delete AFTER DELETE ON message BEGIN
    UPDATE thread SET messages = messages - 1 WHERE id = old.thread;
END;

CREATE TRIGGER thread_count_move AFTER UPDATE OF thread ON message BEGIN
    UPDATE thread SET messages = messages - 1 WHERE id = old.thread;
    UPDATE thread SET messages = messages + 1 WHERE id = new.thread;
    UPDATE thread SET files = files
        + (SELECT count(*) FROM attachment WHERE message = new.id) WHERE id = new.thread;
    UPDATE thread SET files = files
        - (SELECT count(*) FROM attachment WHERE message = new.id) WHERE id = old.thread;
END;

CREATE TRIGGER thread_files_insert AFTER INSERT ON attachment WHEN new.message IS NOT NULL BEGIN
    UPDATE thread SET files = files + 1
    WHERE id = (SELECT thread FROM message WHERE id = new.message);
END;

CREATE TRIGGER thread_files_delete AFTER DELETE ON attachment WHEN old.message IS NOT NULL BEGIN
    UPDATE thread SET files = files - 1
    WHERE id = (SELECT thread FROM message WHERE id = old.message);
END;

CREATE TRIGGER thread_files_move AFTER UPDATE OF message ON attachment BEGIN
    UPDATE thread SET files = files - 1
    WHERE id = (SELECT thread FROM message WHERE id = old.message);
    UPDATE thread SET files = files + 1
    WHERE id = (SELECT thread FROM message WHERE id = new.message);
END;
