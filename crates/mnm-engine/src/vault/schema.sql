-- The encrypted store of the app, as it stands after all migrations. This file is for readers; what
-- runs are the numbered files in `migration/`, and a test compares the two.
--
-- One file holds all accounts, messages and attachments of one person. Times are Unix milliseconds
-- (UTC). Row numbers that pages may remember are never used again (AUTOINCREMENT).

-- A membership on one service.
CREATE TABLE account (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    address     TEXT NOT NULL,                      -- `=host:port` or `+host:port`
    fingerprint TEXT CHECK (length(fingerprint) = 64), -- pinned certificate, SHA-256 in hex; NULL for `+`
    service     TEXT NOT NULL,                      -- the service's own name, or the address
    uid         TEXT NOT NULL,                      -- permanent id of the member on that service
    node        TEXT NOT NULL,                      -- this device's secret: whoever has it is the member
    joined_ms   INTEGER NOT NULL,
    gone        INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1)), -- being removed, in slices
    presence    INTEGER CHECK (presence IN (0, 1)), -- whether contacts see the member online; NULL: not chosen
    presence_ms INTEGER NOT NULL DEFAULT 0,         -- when that was chosen
    vouches     INTEGER NOT NULL DEFAULT 0 CHECK (vouches IN (0, 1)), -- whether the service says which groups
                                                    -- a letter was posted to
    unread      INTEGER NOT NULL DEFAULT 0,         -- how many messages are, of the inbox without muted
                                                    -- threads, kept by triggers
    waiting     INTEGER NOT NULL DEFAULT 0,         -- how many pings that came in are, likewise
    linked_ms   INTEGER,                            -- when a link last began or ended; NULL: not noted
    greeted     INTEGER NOT NULL DEFAULT 0 CHECK (greeted IN (0, 1)), -- whether its service has greeted before
    joined_as   TEXT,                               -- the first name that its service gave itself; NULL: none yet
    UNIQUE (address, uid)
) STRICT;

-- Names of the member on that service; the lowest `ord` signs new letters.
CREATE TABLE own_alias (
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    ord     INTEGER NOT NULL,
    alias   TEXT NOT NULL,
    PRIMARY KEY (account, alias)
) STRICT, WITHOUT ROWID;

-- Devices of the member, as far as this one has been told. Their secrets are not kept.
CREATE TABLE device (
    id       INTEGER PRIMARY KEY,
    account  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    label    TEXT NOT NULL,
    this     INTEGER NOT NULL CHECK (this IN (0, 1)),
    since_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX device_account ON device (account);
CREATE UNIQUE INDEX device_this ON device (account) WHERE this = 1;

-- The address book. Whether somebody is online is kept in memory only.
CREATE TABLE contact (
    account  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    uid      TEXT NOT NULL,
    alias    TEXT NOT NULL,                         -- the alias they were first known by, as on the wire
    since_ms INTEGER NOT NULL,
    look     TEXT NOT NULL DEFAULT '',              -- what names have in common that look alike
    vouched  INTEGER NOT NULL DEFAULT 1 CHECK (vouched IN (0, 1)), -- 0: the alias is a letter's claim
    presence INTEGER CHECK (presence IN (0, 1)),    -- as in `account`, for them alone; NULL: as the others
    presence_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_look ON contact (account, look);

-- Who is or was called so that it looks so, as contacts or in pings, and stays so when they are gone.
CREATE TABLE namesake (
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    look    TEXT NOT NULL,
    uid     TEXT NOT NULL,                          -- empty for somebody who was pinged by that name
    PRIMARY KEY (account, look, uid)
) STRICT, WITHOUT ROWID;

-- First contacts: pings both ways, and invitations to groups (those with a `gid`). Aliases are as on the
-- wire.
CREATE TABLE ping (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    msgid      TEXT,                                -- NULL until a service has given one
    incoming   INTEGER NOT NULL CHECK (incoming IN (0, 1)),
    from_uid   TEXT NOT NULL,
    from_alias TEXT NOT NULL,
    to_alias   TEXT NOT NULL,
    text       TEXT NOT NULL,
    gid        TEXT,
    at_ms      INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'queued', 'accepted', 'ignored', 'failed')),
    error      TEXT,                                -- why it failed, for people
    answers    INTEGER REFERENCES ping (id),        -- the incoming ping that this outgoing one accepts
    exact      INTEGER NOT NULL DEFAULT 1 CHECK (exact IN (0, 1)), -- 0: of a version that cleaned names
    CHECK ((state = 'failed') = (error IS NOT NULL))
) STRICT;
CREATE INDEX ping_account ON ping (account, at_ms);
CREATE INDEX ping_time ON ping (at_ms, id);
CREATE UNIQUE INDEX ping_msgid ON ping (account, msgid) WHERE msgid IS NOT NULL;
CREATE INDEX ping_sent ON ping (account, to_alias) WHERE incoming = 0;
CREATE INDEX ping_received ON ping (account, from_uid) WHERE incoming = 1;
CREATE INDEX ping_from ON ping (account, from_alias) WHERE incoming = 1 AND gid IS NULL;
CREATE INDEX ping_waiting ON ping (account) WHERE incoming = 1 AND state = 'waiting';
CREATE INDEX ping_answers ON ping (answers) WHERE answers IS NOT NULL;

-- Groups the member belongs or belonged to, or was invited to (`group` is a word of SQL).
CREATE TABLE grp (
    account  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    gid      TEXT NOT NULL,
    alias    TEXT NOT NULL,                         -- the member's own alias there; empty until known
    standing TEXT NOT NULL CHECK (standing IN ('invited', 'joined', 'left')),
    whole    INTEGER NOT NULL DEFAULT 0 CHECK (whole IN (0, 1)), -- whether all members are in group_member
    removed  INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)), -- whether another has had the member leave
    known    INTEGER NOT NULL DEFAULT 0,            -- rows of group_member
    joined   INTEGER NOT NULL DEFAULT 0,            -- those of them that have joined
    since_id TEXT NOT NULL DEFAULT '',              -- newest message when the member joined
    was_in   INTEGER NOT NULL DEFAULT 0 CHECK (was_in IN (0, 1)), -- whether the member has ever joined
    PRIMARY KEY (account, gid)
) STRICT, WITHOUT ROWID;

-- What this device has been told of the members of a group.
CREATE TABLE group_member (
    account  INTEGER NOT NULL,
    gid      TEXT NOT NULL,
    alias    TEXT NOT NULL,
    standing TEXT NOT NULL CHECK (standing IN ('invited', 'joined', 'left')),
    PRIMARY KEY (account, gid, alias),
    FOREIGN KEY (account, gid) REFERENCES grp (account, gid) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX group_member_standing
    ON group_member (account, gid, standing, alias COLLATE NOCASE, alias);

CREATE TRIGGER group_count_insert AFTER INSERT ON group_member BEGIN
    UPDATE grp SET known = known + 1, joined = joined + (new.standing = 'joined')
    WHERE account = new.account AND gid = new.gid;
END;

CREATE TRIGGER group_count_delete AFTER DELETE ON group_member BEGIN
    UPDATE grp SET known = known - 1, joined = joined - (old.standing = 'joined')
    WHERE account = old.account AND gid = old.gid;
END;

CREATE TRIGGER group_count_standing AFTER UPDATE OF standing ON group_member BEGIN
    UPDATE grp SET joined = joined + (new.standing = 'joined') - (old.standing = 'joined')
    WHERE account = new.account AND gid = new.gid;
END;

-- Members of groups whose permanent id is known: the service has vouched, or the member has said so.
CREATE TABLE group_uid (
    account INTEGER NOT NULL,
    gid     TEXT NOT NULL,
    uid     TEXT NOT NULL,
    alias   TEXT NOT NULL,                          -- in the group; empty until it is known
    since_id TEXT NOT NULL DEFAULT '',              -- newest message when they joined, if the member saw it
    PRIMARY KEY (account, gid, uid),
    FOREIGN KEY (account, gid) REFERENCES grp (account, gid) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Conversations. `subject` and `last_at_ms` repeat what the messages say, for the list.
CREATE TABLE thread (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    service_id TEXT,                                -- id of its first message; NULL until acknowledged
    subject    TEXT NOT NULL,
    last_at_ms INTEGER NOT NULL,
    claimed_id TEXT,                                -- thread that its first letter said it is a reply in, which
                                                    -- did not let it in while its own first letter was not here
    messages   INTEGER NOT NULL DEFAULT 0,          -- how many it has, kept by triggers
    files      INTEGER NOT NULL DEFAULT 0           -- how many files they have together, likewise
    , known    INTEGER NOT NULL DEFAULT 0 CHECK (known IN (0, 1)) -- whether who is in it is known, by its first
                                                    -- letter or from another device of the member
    , told_ms  INTEGER                              -- when the other devices were told who is in it
    , unlisted INTEGER NOT NULL DEFAULT 0           -- readers that were named, and were too many
    , unread   INTEGER NOT NULL DEFAULT 0           -- how many messages are, kept by triggers
    , told_subject TEXT NOT NULL DEFAULT ''         -- what another device said it is about
    , claimant TEXT NOT NULL DEFAULT ''             -- who made it, while its first letter is not here
    , arrived_ms INTEGER NOT NULL DEFAULT 0         -- when something forwarded came into it
    , archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1)) -- out of the inbox
    , trashed_ms INTEGER                            -- when it was put into the trash; NULL: it is not there
    , muted INTEGER NOT NULL DEFAULT 0 CHECK (muted IN (0, 1)) -- not counted, and left in the archive
    , pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)) -- listed before others
    , starred INTEGER NOT NULL DEFAULT 0 CHECK (starred IN (0, 1))
    , erasing INTEGER NOT NULL DEFAULT 0 CHECK (erasing IN (0, 1, 2)) -- 1: to be erased once nothing queued
                                                    -- names it; 2: being erased, in slices
    , subject_key TEXT NOT NULL DEFAULT ''          -- by which lists are sorted, kept by triggers
    , person_key TEXT NOT NULL DEFAULT ''           -- the first group or reader besides the member
    , stars INTEGER NOT NULL DEFAULT 0              -- messages that have a star and are not in the trash, kept by
                                                    -- triggers
) STRICT;
CREATE INDEX thread_claimed ON thread (account, claimed_id) WHERE claimed_id IS NOT NULL;
CREATE INDEX thread_service_id ON thread (account, service_id) WHERE service_id IS NOT NULL;
-- Until who is in a thread is known, several may claim its id, each with readers of its own.
CREATE UNIQUE INDEX thread_known ON thread (account, service_id)
WHERE service_id IS NOT NULL AND known = 1;
CREATE INDEX thread_account ON thread (account, last_at_ms);
-- Each list of threads by an index of its own.
CREATE INDEX thread_inbox ON thread (account, last_at_ms, id)
WHERE archived = 0 AND pinned = 0 AND trashed_ms IS NULL;
CREATE INDEX thread_pinned ON thread (account, last_at_ms, id) WHERE pinned = 1;
CREATE INDEX thread_unread ON thread (account, last_at_ms, id)
WHERE unread > 0 AND archived = 0 AND trashed_ms IS NULL;
CREATE INDEX thread_files ON thread (account, last_at_ms, id)
WHERE files > 0 AND archived = 0 AND trashed_ms IS NULL;
CREATE INDEX thread_starred ON thread (account, last_at_ms, id)
WHERE (starred = 1 OR stars > 0) AND trashed_ms IS NULL;
CREATE INDEX thread_archive ON thread (account, last_at_ms, id) WHERE archived = 1 AND trashed_ms IS NULL;
CREATE INDEX thread_trash ON thread (account, last_at_ms, id)
WHERE trashed_ms IS NOT NULL AND erasing = 0;
CREATE INDEX thread_trashed ON thread (trashed_ms) WHERE trashed_ms IS NOT NULL AND erasing = 0;
CREATE INDEX thread_erasing ON thread (id) WHERE erasing > 0;
-- Those that are long sorted by more than the time.
CREATE INDEX thread_inbox_subject ON thread (account, subject_key, last_at_ms DESC, id DESC)
WHERE archived = 0 AND pinned = 0 AND trashed_ms IS NULL;
CREATE INDEX thread_inbox_person ON thread (account, person_key, last_at_ms DESC, id DESC)
WHERE archived = 0 AND pinned = 0 AND trashed_ms IS NULL;
CREATE INDEX thread_archive_subject ON thread (account, subject_key, last_at_ms DESC, id DESC)
WHERE archived = 1 AND trashed_ms IS NULL;
CREATE INDEX thread_archive_person ON thread (account, person_key, last_at_ms DESC, id DESC)
WHERE archived = 1 AND trashed_ms IS NULL;
CREATE INDEX thread_read ON thread (account, last_at_ms, id)
WHERE unread = 0 AND archived = 0 AND pinned = 0 AND trashed_ms IS NULL;

CREATE TRIGGER thread_subject_insert AFTER INSERT ON thread WHEN new.subject <> '' BEGIN
    UPDATE thread SET subject_key = substr(search_tokens(new.subject), 1, 64) WHERE id = new.id;
END;

CREATE TRIGGER thread_subject_update AFTER UPDATE OF subject ON thread WHEN new.subject <> old.subject BEGIN
    UPDATE thread SET subject_key = substr(search_tokens(new.subject), 1, 64) WHERE id = new.id;
END;

-- Tags of threads, the member's own.
CREATE TABLE tag (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    accent  INTEGER NOT NULL CHECK (accent BETWEEN 0 AND 9) -- colour in the pages
) STRICT;
CREATE UNIQUE INDEX tag_name ON tag (account, name);

CREATE TABLE thread_tag (
    tag        INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    thread     INTEGER NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    last_at_ms INTEGER NOT NULL,                    -- of the thread, kept by a trigger
    PRIMARY KEY (tag, thread)
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_tag_list ON thread_tag (tag, last_at_ms, thread);
CREATE INDEX thread_tag_thread ON thread_tag (thread);

CREATE TRIGGER thread_tag_last AFTER UPDATE OF last_at_ms ON thread BEGIN
    UPDATE thread_tag SET last_at_ms = new.last_at_ms WHERE thread = new.id;
END;

-- Searches that were saved.
CREATE TABLE saved_search (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    words   TEXT NOT NULL                           -- as typed
) STRICT;
CREATE UNIQUE INDEX saved_search_name ON saved_search (account, name);

-- Threads of which another device of the member has told, and of which no letter is here yet.
CREATE TABLE foretold (
    account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    service_id TEXT NOT NULL,
    body       TEXT NOT NULL,                       -- who is in it, JSON as it was told
    PRIMARY KEY (account, service_id)
) STRICT, WITHOUT ROWID;

-- What is left to do about letters that came before it was known where they belong; `settle.rs`. What is
-- there was done up to `after`, and in the order of times `after_ms`.
CREATE TABLE unsettled (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    account  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    step     TEXT NOT NULL CHECK (step IN ('letters', 'claims', 'replies', 'group')),
    thread   INTEGER REFERENCES thread (id) ON DELETE CASCADE, -- into which letters may come
    source   INTEGER REFERENCES thread (id) ON DELETE CASCADE, -- 'letters': in which they stand
    asked    INTEGER NOT NULL CHECK (asked IN (0, 1)), -- likewise: whether it is asked where each belongs
    gid      TEXT,                                  -- 'group': in whose threads letters may be let in now
    after_ms INTEGER NOT NULL,
    after    INTEGER NOT NULL,
    until    INTEGER NOT NULL,                      -- 'letters': the newest that is asked
    CHECK ((step = 'group') = (thread IS NULL)),
    CHECK ((step = 'letters') = (source IS NOT NULL)),
    CHECK ((step = 'group') = (gid IS NOT NULL))
) STRICT;
CREATE INDEX unsettled_account ON unsettled (account, gid);
CREATE INDEX unsettled_thread ON unsettled (thread) WHERE thread IS NOT NULL;
CREATE UNIQUE INDEX unsettled_source ON unsettled (source) WHERE source IS NOT NULL;

-- Who a reply goes to, the member included; one row for each id. The alias is the one claimed when they
-- were added; a contact is shown under the address book's.
CREATE TABLE party (
    thread    INTEGER NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    ord       INTEGER NOT NULL,
    is_group  INTEGER NOT NULL CHECK (is_group IN (0, 1)),
    uid       TEXT NOT NULL,                        -- a group's name for a group
    alias     TEXT NOT NULL,
    by_uid    TEXT NOT NULL,                        -- who added them; empty when an older version did not note it
    at_ms     INTEGER NOT NULL,                     -- when
    struck_ms INTEGER,                              -- when the member struck them; NULL for a reader
    PRIMARY KEY (thread, uid)
) STRICT, WITHOUT ROWID;
-- The first readers of a thread, without looking at all others.
CREATE INDEX party_reader ON party (thread, is_group DESC, ord, uid) WHERE struck_ms IS NULL;
CREATE INDEX party_uid ON party (uid);

-- Messages: received, sent, and those in the outbox, which have no `msgid` yet.
CREATE TABLE message (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account      INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    thread       INTEGER NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    msgid        TEXT,
    author_uid   TEXT NOT NULL,                     -- vouched for by the service, unless it was forwarded
    author_alias TEXT NOT NULL,                     -- claimed by the author
    at_ms        INTEGER NOT NULL,                  -- accepted by the service, or queued
    subject      TEXT NOT NULL,
    text         TEXT NOT NULL,                     -- Markdown, as written
    html         TEXT NOT NULL,                     -- rendered and sanitised when stored
    state        TEXT NOT NULL CHECK (state IN ('received', 'queued', 'sent', 'failed')),
    error        TEXT,                              -- why it failed, for people
    unread       INTEGER NOT NULL CHECK (unread IN (0, 1)),
    forwarded_by TEXT,                              -- who says that its author wrote it, while the author has
                                                    -- not; its `msgid` is then of this app's own making
    original_id  TEXT,                              -- the id it has, for one that was forwarded
    cut          INTEGER NOT NULL DEFAULT 0 CHECK (cut IN (0, 1)), -- whether `text` goes on behind `html`
    rendering    INTEGER NOT NULL DEFAULT 1,        -- by which rules `html` was rendered
    moved        INTEGER NOT NULL DEFAULT 0 CHECK (moved IN (0, 1)), -- whether it was written in another
                                                    -- thread, or for other readers
    starred INTEGER NOT NULL DEFAULT 0 CHECK (starred IN (0, 1)),
    trashed_ms INTEGER,                             -- when it was put into the trash; NULL: it is not there
    CHECK ((state = 'failed') = (error IS NOT NULL)),
    CHECK ((state IN ('received', 'sent')) = (msgid IS NOT NULL))
) STRICT;
CREATE INDEX message_original ON message (account, original_id) WHERE original_id IS NOT NULL;
CREATE UNIQUE INDEX message_msgid ON message (account, msgid) WHERE msgid IS NOT NULL;
CREATE INDEX message_thread ON message (thread, at_ms, id);
CREATE INDEX message_unread ON message (account, thread) WHERE unread = 1;
CREATE INDEX message_trashed ON message (trashed_ms) WHERE trashed_ms IS NOT NULL;
CREATE INDEX message_trashed_thread ON message (thread, id) WHERE trashed_ms IS NOT NULL;
CREATE INDEX message_author ON message (account, author_uid, thread);

-- Files of a letter that was forwarded without them, or that were lost when the store was damaged. The name as
-- on the wire, with its kind.
CREATE TABLE absent_file (
    message INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    ord     INTEGER NOT NULL,
    name    TEXT NOT NULL,
    size    INTEGER NOT NULL CHECK (size >= 0),
    ffn     TEXT NOT NULL,
    PRIMARY KEY (message, ord)
) STRICT, WITHOUT ROWID;

-- Groups of which the service vouched that a letter was posted to them, of letters that stand apart or
-- whose thread has not begun.
CREATE TABLE posted_to (
    message INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    gid     TEXT NOT NULL,
    PRIMARY KEY (message, gid)
) STRICT, WITHOUT ROWID;

-- Whom the service could not reach with a letter that the others have.
CREATE TABLE left_out (
    message INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    uid     TEXT NOT NULL,
    reason  TEXT NOT NULL,                          -- in the service's words
    PRIMARY KEY (message, uid)
) STRICT, WITHOUT ROWID;

-- Letters being written. A thread has at most one.
CREATE TABLE draft (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    thread     INTEGER UNIQUE REFERENCES thread (id) ON DELETE CASCADE,
    subject    TEXT NOT NULL,
    text       TEXT NOT NULL,
    updated_ms INTEGER NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1           -- rises with every change of what was typed
) STRICT;
CREATE INDEX draft_account ON draft (account, updated_ms);

-- Names a new letter is addressed to, as typed.
CREATE TABLE draft_to (
    draft INTEGER NOT NULL REFERENCES draft (id) ON DELETE CASCADE,
    ord   INTEGER NOT NULL,
    name  TEXT NOT NULL,
    PRIMARY KEY (draft, ord)
) STRICT, WITHOUT ROWID;

-- Bytes. A blob that no attachment owns is staged: being uploaded or received. The next start
-- removes those, because whoever was writing them is gone.
CREATE TABLE blob (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    size   INTEGER NOT NULL CHECK (size >= 0),
    width  INTEGER,                                 -- points of the picture in it, 0 if it is none; NULL
    height INTEGER                                  -- for what was stored before these columns were there
) STRICT;

-- 256 KiB each, the last one shorter, so that files of any size stream.
CREATE TABLE blob_chunk (
    id    INTEGER PRIMARY KEY,
    blob  INTEGER NOT NULL REFERENCES blob (id) ON DELETE CASCADE,
    seq   INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (blob, seq)
) STRICT;

-- Files of a message or of a draft; queueing a draft hands them over.
CREATE TABLE attachment (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER REFERENCES message (id) ON DELETE CASCADE,
    draft   INTEGER REFERENCES draft (id) ON DELETE CASCADE,
    ord     INTEGER NOT NULL,
    name    TEXT NOT NULL,
    blob    INTEGER NOT NULL UNIQUE REFERENCES blob (id),
    form    TEXT CHECK (form IN ('blank', 'filled')), -- NULL for a file that is no form
    form_name TEXT,                                 -- by which the author's app knows the form
    wire_name TEXT,                                 -- by which its letter refers to it, where that is another
    CHECK ((message IS NULL) <> (draft IS NULL))
) STRICT;
CREATE INDEX attachment_message ON attachment (message, ord) WHERE message IS NOT NULL;
CREATE INDEX attachment_draft ON attachment (draft, ord) WHERE draft IS NOT NULL;

-- What no service has acknowledged yet, sent in the order of `id`. A row is gone once the service has
-- acknowledged or refused it.
CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    account  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind     TEXT NOT NULL CHECK (kind IN ('post', 'ping', 'invite', 'join', 'sync', 'forward', 'confirm')),
    message  INTEGER UNIQUE REFERENCES message (id) ON DELETE CASCADE,
    ping     INTEGER UNIQUE REFERENCES ping (id) ON DELETE CASCADE,
    body     TEXT,                                  -- JSON: what a 'sync' tells the member's other devices, a
                                                    -- thread to 'forward', letters to 'confirm'
    request  TEXT NOT NULL UNIQUE,                  -- id of the request, the same at every attempt
    attempts INTEGER NOT NULL,                      -- interrupted ones
    held_until_ms INTEGER,                          -- not to be sent before the member has thought again
    meant    TEXT,                                  -- JSON: the readers that a 'post' is for, as its thread was
                                                    -- when it was queued; NULL: of an older version
    CHECK ((kind = 'post') = (message IS NOT NULL)),
    CHECK ((kind IN ('ping', 'invite', 'join')) = (ping IS NOT NULL)),
    CHECK ((kind IN ('sync', 'forward', 'confirm')) = (body IS NOT NULL))
) STRICT;
CREATE INDEX outbox_account ON outbox (account, id);
CREATE INDEX outbox_held ON outbox (held_until_ms) WHERE held_until_ms IS NOT NULL;
CREATE INDEX outbox_post ON outbox (account) WHERE kind = 'post';
CREATE INDEX outbox_forward ON outbox (account) WHERE kind = 'forward';

-- Where the copy lies of a thread that is forwarded; none for what an older version queued, which has it in
-- `body`.
CREATE TABLE forward_copy (
    outbox INTEGER PRIMARY KEY REFERENCES outbox (id) ON DELETE CASCADE,
    blob   INTEGER NOT NULL UNIQUE REFERENCES blob (id)
) STRICT;

-- What the member has chosen for notices on this device, and the levels of accounts and threads that have one
-- of their own.
CREATE TABLE notice_setting (
    name  TEXT PRIMARY KEY CHECK (name IN ('content', 'sound', 'quiet_from', 'quiet_until')),
    value INTEGER NOT NULL                          -- 1 for yes; minutes since midnight, local time
) STRICT, WITHOUT ROWID;

CREATE TABLE notice_level (
    id      INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    thread  INTEGER REFERENCES thread (id) ON DELETE CASCADE, -- NULL: for the account
    level   TEXT NOT NULL CHECK (level IN ('all', 'mentions', 'none'))
) STRICT;
CREATE UNIQUE INDEX notice_account ON notice_level (account) WHERE thread IS NULL;
CREATE UNIQUE INDEX notice_thread ON notice_level (thread) WHERE thread IS NOT NULL;

-- Browsers that were let in to the pages.
CREATE TABLE browser (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    label    TEXT NOT NULL,
    key      BLOB NOT NULL CHECK (length(key) = 32), -- by which it and the app prove themselves
    since_ms INTEGER NOT NULL,
    used_ms  INTEGER NOT NULL
) STRICT;

-- The port of this home's pages, chosen once.
CREATE TABLE page_port (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    port INTEGER NOT NULL CHECK (port BETWEEN 1024 AND 65535)
) STRICT;

-- Notices that have been handled, so that one delivered again is dropped.
CREATE TABLE seen (
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    msgid   TEXT NOT NULL,
    PRIMARY KEY (account, msgid)
) STRICT, WITHOUT ROWID;

-- Full-text index over the messages, of tokens that the app makes (`search_tokens`, `search/token.rs`), kept in
-- step by the triggers below. Beginnings of words of up to three characters have lists of their own.
CREATE VIRTUAL TABLE message_index
USING fts5 (subject, text, content = '', tokenize = 'ascii', prefix = '1 2 3');
-- Words of an erased message leave the index at once, not at some later merge.
INSERT INTO message_index (message_index, rank) VALUES ('secure-delete', 1);
-- The same of the names of attachments, of drafts too. A name never changes.
CREATE VIRTUAL TABLE file_index USING fts5 (name, content = '', tokenize = 'ascii', prefix = '1 2 3');
INSERT INTO file_index (file_index, rank) VALUES ('secure-delete', 1);

-- Up to which message and file something is left to index, of what was stored before the index was so.
CREATE TABLE reindex (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    message INTEGER NOT NULL,                       -- 0 once all are in the index
    file    INTEGER NOT NULL                        -- likewise, of attachments
) STRICT;
INSERT INTO reindex (id, message, file) VALUES (1, 0, 0);

CREATE TRIGGER message_index_insert AFTER INSERT ON message
WHEN new.id > (SELECT message FROM reindex) BEGIN
    INSERT INTO message_index (rowid, subject, text)
    VALUES (new.id, search_tokens(new.subject), search_tokens(new.text));
END;

CREATE TRIGGER message_index_delete AFTER DELETE ON message
WHEN old.id > (SELECT message FROM reindex) BEGIN
    INSERT INTO message_index (message_index, rowid, subject, text)
    VALUES ('delete', old.id, search_tokens(old.subject), search_tokens(old.text));
END;

CREATE TRIGGER message_index_update AFTER UPDATE OF subject, text ON message
WHEN new.id > (SELECT message FROM reindex) BEGIN
    INSERT INTO message_index (message_index, rowid, subject, text)
    VALUES ('delete', old.id, search_tokens(old.subject), search_tokens(old.text));
    INSERT INTO message_index (rowid, subject, text)
    VALUES (new.id, search_tokens(new.subject), search_tokens(new.text));
END;

CREATE TRIGGER file_index_insert AFTER INSERT ON attachment
WHEN new.id > (SELECT file FROM reindex) BEGIN
    INSERT INTO file_index (rowid, name) VALUES (new.id, search_tokens(new.name));
END;

CREATE TRIGGER file_index_delete AFTER DELETE ON attachment
WHEN old.id > (SELECT file FROM reindex) BEGIN
    INSERT INTO file_index (file_index, rowid, name)
    VALUES ('delete', old.id, search_tokens(old.name));
END;

-- Up to which thread the name by which lists sort it may be an old one.
CREATE TABLE rename (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    thread INTEGER NOT NULL                         -- 0 once all are renewed
) STRICT;
INSERT INTO rename (id, thread) VALUES (1, 0);

-- By what this home is told from a copy of it.
CREATE TABLE home (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    mark TEXT NOT NULL                              -- of the key's file, as the system tells it
) STRICT;

-- The newest message that has a subject, without looking at all others.
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

CREATE TRIGGER unread_insert AFTER INSERT ON message WHEN new.unread = 1 BEGIN
    UPDATE thread SET unread = unread + 1 WHERE id = new.thread;
END;

CREATE TRIGGER unread_delete AFTER DELETE ON message WHEN old.unread = 1 BEGIN
    UPDATE thread SET unread = unread - 1 WHERE id = old.thread;
END;

CREATE TRIGGER unread_change AFTER UPDATE OF unread ON message BEGIN
    UPDATE thread SET unread = unread + new.unread - old.unread WHERE id = new.thread;
END;

-- What an account counts goes by its threads.
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
