ALTER TABLE thread ADD COLUMN unread INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN unread INTEGER NOT NULL DEFAULT 0;
UPDATE thread SET unread =
    (SELECT count(*) FROM message WHERE message.thread = thread.id AND message.unread = 1);
UPDATE account SET unread =
    (SELECT count(*) FROM message WHERE message.account = account.id AND message.unread = 1);
ALTER TABLE account ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;
UPDATE account SET waiting =
    (SELECT count(*) FROM ping
     WHERE ping.account = account.id AND incoming = 1 AND state = 'waiting');

CREATE TRIGGER unread_insert AFTER INSERT ON message WHEN new.unread = 1 BEGIN
    UPDATE thread SET unread = unread + 1 WHERE id = new.thread;
    UPDATE account SET unread = unread + 1 WHERE id = new.account;
END;

CREATE TRIGGER unread_delete AFTER DELETE ON message WHEN old.unread = 1 BEGIN
    UPDATE thread SET unread = unread - 1 WHERE id = old.thread;
    UPDATE account SET unread = unread - 1 WHERE id = old.account;
END;

CREATE TRIGGER unread_change AFTER UPDATE OF unread ON message BEGIN
    UPDATE thread SET unread = unread + new.unread - old.unread WHERE id = new.thread;
    UPDATE account SET unread = unread + new.unread - old.unread WHERE id = new.account;
END;

CREATE TRIGGER unread_move AFTER UPDATE OF thread ON message WHEN new.unread = 1 BEGIN
    UPDATE thread SET unread = unread - 1 WHERE id = old.thread;
    UPDATE thread SET unread = unread + 1 WHERE id = new.thread;
END;

CREATE TRIGGER waiting_insert AFTER INSERT ON ping
WHEN new.incoming = 1 AND new.state = 'waiting' BEGIN
    UPDATE account SET waiting = waiting + 1 WHERE id = new.account;
END;

CREATE TRIGGER waiting_delete AFTER DELETE ON ping
WHEN old.incoming = 1 AND old.state = 'waiting' BEGIN
    UPDATE account SET waiting = waiting - 1 WHERE id = old.account;
END;

CREATE TRIGGER waiting_change AFTER UPDATE OF state ON ping WHEN new.incoming = 1 BEGIN
    UPDATE account SET waiting = waiting + (new.state = 'waiting') - (old.state = 'waiting')
    WHERE id = new.account;
END;

CREATE INDEX ping_time ON ping (at_ms, id);
CREATE INDEX party_reader ON party (thread, is_group DESC, ord, uid) WHERE struck_ms IS NULL;
CREATE INDEX party_uid ON party (uid);
CREATE INDEX outbox_held ON outbox (held_until_ms) WHERE held_until_ms IS NOT NULL;
CREATE INDEX outbox_post ON outbox (account) WHERE kind = 'post';
