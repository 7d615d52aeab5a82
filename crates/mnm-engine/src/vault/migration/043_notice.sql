-- What the member has chosen for notices on this device.
CREATE TABLE notice_setting (
    name  TEXT PRIMARY KEY CHECK (name IN ('content', 'sound', 'quiet_from', 'quiet_until')),
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE notice_level (
    id      INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    thread  INTEGER REFERENCES thread (id) ON DELETE CASCADE,
    level   TEXT NOT NULL CHECK (level IN ('all', 'mentions', 'none'))
) STRICT;
CREATE UNIQUE INDEX notice_account ON notice_level (account) WHERE thread IS NULL;
CREATE UNIQUE INDEX notice_thread ON notice_level (thread) WHERE thread IS NOT NULL;
