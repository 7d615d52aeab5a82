-- The index has tokens that this app makes, for every script, and is filled anew as a chore.
DROP TRIGGER message_fts_insert;
DROP TRIGGER message_fts_delete;
DROP TRIGGER message_fts_update;
DROP TRIGGER file_fts_insert;
DROP TRIGGER file_fts_delete;
DROP TABLE message_fts;
DROP TABLE file_fts;

CREATE VIRTUAL TABLE message_index USING fts5 (subject, text, content = '', tokenize = 'ascii');
INSERT INTO message_index (message_index, rank) VALUES ('secure-delete', 1);
CREATE VIRTUAL TABLE file_index USING fts5 (name, content = '', tokenize = 'ascii');
INSERT INTO file_index (file_index, rank) VALUES ('secure-delete', 1);

CREATE TABLE reindex (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    message INTEGER NOT NULL,
    file    INTEGER NOT NULL
) STRICT;
INSERT INTO reindex (id, message, file) VALUES
    (1, coalesce((SELECT max(id) FROM message), 0), coalesce((SELECT max(id) FROM attachment), 0));

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
