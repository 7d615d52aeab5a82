-- The index has lists of its own for beginnings of words, and is filled anew as a chore.
DROP TABLE message_index;
DROP TABLE file_index;
CREATE VIRTUAL TABLE message_index
USING fts5 (subject, text, content = '', tokenize = 'ascii', prefix = '1 2 3');
INSERT INTO message_index (message_index, rank) VALUES ('secure-delete', 1);
CREATE VIRTUAL TABLE file_index USING fts5 (name, content = '', tokenize = 'ascii', prefix = '1 2 3');
INSERT INTO file_index (file_index, rank) VALUES ('secure-delete', 1);
UPDATE reindex SET message = coalesce((SELECT max(id) FROM message), 0),
    file = coalesce((SELECT max(id) FROM attachment), 0);
