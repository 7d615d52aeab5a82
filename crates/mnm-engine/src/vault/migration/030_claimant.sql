-- Who made a thread that only claims its id, by itself: it was the first who reads it.
ALTER TABLE thread ADD COLUMN claimant TEXT NOT NULL DEFAULT '';
UPDATE thread SET claimant = coalesce(
    (SELECT uid FROM party WHERE party.thread = thread.id ORDER BY ord LIMIT 1), '')
WHERE known = 0 AND service_id IS NOT NULL;
