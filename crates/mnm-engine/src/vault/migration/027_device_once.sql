-- A device that joined by a code was listed a second time, as another one.
DELETE FROM device WHERE id IN
    (SELECT max(other.id) FROM device other JOIN device own
     ON own.account = other.account AND own.label = other.label AND own.since_ms = other.since_ms
     WHERE own.this = 1 AND other.this = 0 GROUP BY other.account);
