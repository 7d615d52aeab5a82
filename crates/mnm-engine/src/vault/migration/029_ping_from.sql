-- Whose ping waits, without looking at all others.
CREATE INDEX ping_from ON ping (account, from_alias) WHERE incoming = 1 AND gid IS NULL;
