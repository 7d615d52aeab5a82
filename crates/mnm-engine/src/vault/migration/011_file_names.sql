CREATE VIRTUAL TABLE file_fts USING fts5 (
    name,
    content = 'attachment', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO file_fts (file_fts, rank) VALUES ('secure-delete', 1);
INSERT INTO file_fts (file_fts) VALUES ('rebuild');

CREATE TRIGGER file_fts_insert AFTER INSERT ON attachment BEGIN
    INSERT INTO file_fts (rowid, name) VALUES (new.id, new.name);
END;

CREATE TRIGGER file_fts_delete AFTER DELETE ON attachment BEGIN
    INSERT INTO file_fts (file_fts, rowid, name) VALUES ('delete', old.id, old.name);
END;
