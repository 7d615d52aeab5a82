-- Up to which thread the name by which lists sort it may be an old one: renewed as a chore.
CREATE TABLE rename (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    thread INTEGER NOT NULL
) STRICT;
-- Only the newest threads of those who were called otherwise had the new name.
INSERT INTO rename (id, thread) SELECT 1, coalesce(max(id), 0) FROM thread;
