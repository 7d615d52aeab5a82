-- What is left to do about letters that came before it was known where they belong.
CREATE TABLE unsettled (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    account  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    step     TEXT NOT NULL CHECK (step IN ('letters', 'claims', 'replies', 'group')),
    thread   INTEGER REFERENCES thread (id) ON DELETE CASCADE,
    source   INTEGER REFERENCES thread (id) ON DELETE CASCADE,
    asked    INTEGER NOT NULL CHECK (asked IN (0, 1)),
    gid      TEXT,
    after_ms INTEGER NOT NULL,
    after    INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    CHECK ((step = 'group') = (thread IS NULL)),
    CHECK ((step = 'letters') = (source IS NOT NULL)),
    CHECK ((step = 'group') = (gid IS NOT NULL))
) STRICT;
CREATE INDEX unsettled_account ON unsettled (account, gid);
CREATE INDEX unsettled_thread ON unsettled (thread) WHERE thread IS NOT NULL;
CREATE UNIQUE INDEX unsettled_source ON unsettled (source) WHERE source IS NOT NULL;
