DROP INDEX thread_service_id;
CREATE INDEX thread_service_id ON thread (account, service_id) WHERE service_id IS NOT NULL;
CREATE UNIQUE INDEX thread_known ON thread (account, service_id)
WHERE service_id IS NOT NULL AND known = 1;
DROP INDEX message_author;
CREATE INDEX message_author ON message (account, author_uid, thread);
