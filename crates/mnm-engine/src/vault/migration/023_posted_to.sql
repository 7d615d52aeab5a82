-- Groups of which the service vouched that a letter was posted to them, of letters that stand apart or
-- whose thread has not begun: being known as a member of a group is no way into its threads any more.
CREATE TABLE posted_to (
    message INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    gid     TEXT NOT NULL,
    PRIMARY KEY (message, gid)
) STRICT, WITHOUT ROWID;
