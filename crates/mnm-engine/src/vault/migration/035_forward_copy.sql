-- The copy of a thread that is forwarded lies in pieces, as files do, not in the body of its row.
CREATE TABLE forward_copy (
    outbox INTEGER PRIMARY KEY REFERENCES outbox (id) ON DELETE CASCADE,
    blob   INTEGER NOT NULL UNIQUE REFERENCES blob (id)
) STRICT;
