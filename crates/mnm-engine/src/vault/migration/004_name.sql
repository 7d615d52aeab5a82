-- Names are kept as the wire has them. What two names have in common that a reader may take for each
-- other is kept beside a contact's; who vouches for it, too. Names of pings that came before may have
-- lost what could not be seen.
ALTER TABLE contact ADD COLUMN look TEXT NOT NULL DEFAULT '';
ALTER TABLE contact ADD COLUMN vouched INTEGER NOT NULL DEFAULT 1 CHECK (vouched IN (0, 1));
UPDATE contact SET look = look(alias);
UPDATE contact SET vouched = 0
WHERE NOT EXISTS (SELECT 1 FROM ping WHERE ping.account = contact.account
                      AND ping.incoming = 1 AND ping.from_uid = contact.uid)
    -- Another device of the member may have seen the ping.
    AND (SELECT count(*) FROM device WHERE device.account = contact.account) < 2;
DROP INDEX contact_alias;
CREATE INDEX contact_look ON contact (account, look);

ALTER TABLE ping ADD COLUMN exact INTEGER NOT NULL DEFAULT 1 CHECK (exact IN (0, 1));
UPDATE ping SET exact = 0 WHERE incoming = 1;
