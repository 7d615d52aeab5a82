ALTER TABLE message ADD COLUMN forwarded_by TEXT;
ALTER TABLE message ADD COLUMN original_id TEXT;
CREATE INDEX message_original ON message (account, original_id) WHERE original_id IS NOT NULL;

CREATE TABLE absent_file (
    message INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    ord     INTEGER NOT NULL,
    name    TEXT NOT NULL,
    size    INTEGER NOT NULL CHECK (size >= 0),
    ffn     TEXT NOT NULL,
    PRIMARY KEY (message, ord)
) STRICT, WITHOUT ROWID;
