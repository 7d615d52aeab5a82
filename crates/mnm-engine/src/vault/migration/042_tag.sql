-- Tags of threads, and searches that were saved.
CREATE TABLE tag (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    accent  INTEGER NOT NULL CHECK (accent BETWEEN 0 AND 9)
) STRICT;
CREATE UNIQUE INDEX tag_name ON tag (account, name);

CREATE TABLE thread_tag (
    tag        INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    thread     INTEGER NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    last_at_ms INTEGER NOT NULL,
    PRIMARY KEY (tag, thread)
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_tag_list ON thread_tag (tag, last_at_ms, thread);
CREATE INDEX thread_tag_thread ON thread_tag (thread);

CREATE TRIGGER thread_tag_last AFTER UPDATE OF last_at_ms ON thread BEGIN
    UPDATE thread_tag SET last_at_ms = new.last_at_ms WHERE thread = new.id;
END;

CREATE TABLE saved_search (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    words   TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX saved_search_name ON saved_search (account, name);
