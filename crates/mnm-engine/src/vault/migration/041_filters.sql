-- The inbox narrowed to what is unread, and to what has files.
CREATE INDEX thread_unread ON thread (account, last_at_ms, id)
WHERE unread > 0 AND archived = 0 AND trashed_ms IS NULL;
CREATE INDEX thread_files ON thread (account, last_at_ms, id)
WHERE files > 0 AND archived = 0 AND trashed_ms IS NULL;
