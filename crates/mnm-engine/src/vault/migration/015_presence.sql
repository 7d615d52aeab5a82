-- Whom the member lets see that they are online. Accounts that are here told all their contacts, and
-- go on with it until the member chooses otherwise.
ALTER TABLE account ADD COLUMN presence INTEGER CHECK (presence IN (0, 1));
ALTER TABLE account ADD COLUMN presence_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contact ADD COLUMN presence INTEGER CHECK (presence IN (0, 1));
ALTER TABLE contact ADD COLUMN presence_ms INTEGER NOT NULL DEFAULT 0;
UPDATE account SET presence = 1;
