-- An account whose removal has begun, and is to be finished by the next run if this one does not.
ALTER TABLE account ADD COLUMN gone INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1));
