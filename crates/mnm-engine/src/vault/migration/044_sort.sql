-- What lists are sorted by besides the time: as tokens of the search, so that neither case nor accents count.
ALTER TABLE thread ADD COLUMN subject_key TEXT NOT NULL DEFAULT '';
ALTER TABLE thread ADD COLUMN person_key TEXT NOT NULL DEFAULT '';
UPDATE thread SET subject_key = substr(search_tokens(subject), 1, 64),
    person_key = coalesce((
        SELECT substr(search_tokens(coalesce(contact.alias, party.alias)), 1, 64)
        FROM party INDEXED BY party_reader
        LEFT JOIN contact ON contact.account = thread.account AND contact.uid = party.uid AND party.is_group = 0
        WHERE party.thread = thread.id AND party.struck_ms IS NULL
            AND party.uid <> (SELECT uid FROM account WHERE account.id = thread.account)
        ORDER BY party.is_group DESC, party.ord, party.uid LIMIT 1), '');

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
