-- Whether the service has vouched on a letter for the groups it was posted to. One that does always does.
ALTER TABLE account ADD COLUMN vouches INTEGER NOT NULL DEFAULT 0 CHECK (vouches IN (0, 1));
