-- Everything the first version has. What it means is told in `../schema.sql`. Never edited again.
CREATE TABLE account (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    address     TEXT NOT NULL,
    fingerprint TEXT CHECK (length(fingerprint) = 64),
    service     TEXT NOT NULL,
    uid         TEXT NOT NULL,
    node        TEXT NOT NULL,
    joined_ms   INTEGER NOT NULL,
    UNIQUE (address, uid)
) STRICT;

CREATE TABLE own_alias (
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    ord     INTEGER NOT NULL,
    alias   TEXT NOT NULL,
    PRIMARY KEY (account, alias)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    id       INTEGER PRIMARY KEY,
    account  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    label    TEXT NOT NULL,
    this     INTEGER NOT NULL CHECK (this IN (0, 1)),
    since_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX device_account ON device (account);
CREATE UNIQUE INDEX device_this ON device (account) WHERE this = 1;

CREATE TABLE contact (
    account  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    uid      TEXT NOT NULL,
    alias    TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (account, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_alias ON contact (account, alias);

CREATE TABLE ping (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    msgid      TEXT,
    incoming   INTEGER NOT NULL CHECK (incoming IN (0, 1)),
    from_uid   TEXT NOT NULL,
    from_alias TEXT NOT NULL,
    to_alias   TEXT NOT NULL,
    text       TEXT NOT NULL,
    gid        TEXT,
    at_ms      INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'queued', 'accepted', 'ignored', 'failed')),
    error      TEXT,
    answers    INTEGER REFERENCES ping (id),
    CHECK ((state = 'failed') = (error IS NOT NULL))
) STRICT;
CREATE INDEX ping_account ON ping (account, at_ms);
CREATE UNIQUE INDEX ping_msgid ON ping (account, msgid) WHERE msgid IS NOT NULL;
CREATE INDEX ping_sent ON ping (account, to_alias) WHERE incoming = 0;
CREATE INDEX ping_received ON ping (account, from_uid) WHERE incoming = 1;
CREATE INDEX ping_waiting ON ping (account) WHERE incoming = 1 AND state = 'waiting';
CREATE INDEX ping_answers ON ping (answers) WHERE answers IS NOT NULL;

CREATE TABLE grp (
    account  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    gid      TEXT NOT NULL,
    alias    TEXT NOT NULL,
    standing TEXT NOT NULL CHECK (standing IN ('invited', 'joined', 'left')),
    PRIMARY KEY (account, gid)
) STRICT, WITHOUT ROWID;

CREATE TABLE group_member (
    account  INTEGER NOT NULL,
    gid      TEXT NOT NULL,
    alias    TEXT NOT NULL,
    standing TEXT NOT NULL CHECK (standing IN ('invited', 'joined', 'left')),
    PRIMARY KEY (account, gid, alias),
    FOREIGN KEY (account, gid) REFERENCES grp (account, gid) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE thread (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    service_id TEXT,
    subject    TEXT NOT NULL,
    last_at_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX thread_service_id ON thread (account, service_id) WHERE service_id IS NOT NULL;
CREATE INDEX thread_account ON thread (account, last_at_ms);
CREATE INDEX thread_last ON thread (last_at_ms);

CREATE TABLE party (
    thread   INTEGER NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    ord      INTEGER NOT NULL,
    is_group INTEGER NOT NULL CHECK (is_group IN (0, 1)),
    uid      TEXT NOT NULL,
    alias    TEXT NOT NULL,
    PRIMARY KEY (thread, is_group, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE message (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account      INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    thread       INTEGER NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    msgid        TEXT,
    author_uid   TEXT NOT NULL,
    author_alias TEXT NOT NULL,
    at_ms        INTEGER NOT NULL,
    subject      TEXT NOT NULL,
    text         TEXT NOT NULL,
    html         TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('received', 'queued', 'sent', 'failed')),
    error        TEXT,
    unread       INTEGER NOT NULL CHECK (unread IN (0, 1)),
    CHECK ((state = 'failed') = (error IS NOT NULL)),
    CHECK ((state IN ('received', 'sent')) = (msgid IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX message_msgid ON message (account, msgid) WHERE msgid IS NOT NULL;
CREATE INDEX message_thread ON message (thread, at_ms, id);
CREATE INDEX message_unread ON message (account, thread) WHERE unread = 1;
CREATE INDEX message_author ON message (account, author_uid);

CREATE TABLE draft (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    thread     INTEGER UNIQUE REFERENCES thread (id) ON DELETE CASCADE,
    subject    TEXT NOT NULL,
    text       TEXT NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX draft_account ON draft (account, updated_ms);

CREATE TABLE draft_to (
    draft INTEGER NOT NULL REFERENCES draft (id) ON DELETE CASCADE,
    ord   INTEGER NOT NULL,
    name  TEXT NOT NULL,
    PRIMARY KEY (draft, ord)
) STRICT, WITHOUT ROWID;

CREATE TABLE blob (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    size INTEGER NOT NULL CHECK (size >= 0)
) STRICT;

CREATE TABLE blob_chunk (
    id    INTEGER PRIMARY KEY,
    blob  INTEGER NOT NULL REFERENCES blob (id) ON DELETE CASCADE,
    seq   INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (blob, seq)
) STRICT;

CREATE TABLE attachment (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER REFERENCES message (id) ON DELETE CASCADE,
    draft   INTEGER REFERENCES draft (id) ON DELETE CASCADE,
    ord     INTEGER NOT NULL,
    name    TEXT NOT NULL,
    blob    INTEGER NOT NULL UNIQUE REFERENCES blob (id),
    CHECK ((message IS NULL) <> (draft IS NULL))
) STRICT;
CREATE INDEX attachment_message ON attachment (message, ord) WHERE message IS NOT NULL;
CREATE INDEX attachment_draft ON attachment (draft, ord) WHERE draft IS NOT NULL;

CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    account  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind     TEXT NOT NULL CHECK (kind IN ('post', 'ping', 'invite', 'join', 'sync')),
    message  INTEGER UNIQUE REFERENCES message (id) ON DELETE CASCADE,
    ping     INTEGER UNIQUE REFERENCES ping (id) ON DELETE CASCADE,
    body     TEXT,
    request  TEXT NOT NULL UNIQUE,
    attempts INTEGER NOT NULL,
    CHECK ((kind = 'post') = (message IS NOT NULL)),
    CHECK ((kind IN ('ping', 'invite', 'join')) = (ping IS NOT NULL)),
    CHECK ((kind = 'sync') = (body IS NOT NULL))
) STRICT;
CREATE INDEX outbox_account ON outbox (account, id);

CREATE TABLE seen (
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    msgid   TEXT NOT NULL,
    PRIMARY KEY (account, msgid)
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE message_fts USING fts5 (
    subject, text,
    content = 'message', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO message_fts (message_fts, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER message_fts_insert AFTER INSERT ON message BEGIN
    INSERT INTO message_fts (rowid, subject, text) VALUES (new.id, new.subject, new.text);
END;

CREATE TRIGGER message_fts_delete AFTER DELETE ON message BEGIN
    INSERT INTO message_fts (message_fts, rowid, subject, text)
    VALUES ('delete', old.id, old.subject, old.text);
END;

CREATE TRIGGER message_fts_update AFTER UPDATE OF subject, text ON message BEGIN
    INSERT INTO message_fts (message_fts, rowid, subject, text)
    VALUES ('delete', old.id, old.subject, old.text);
    INSERT INTO message_fts (rowid, subject, text) VALUES (new.id, new.subject, new.text);
END;
