-- How many members of a group are known, and how many of them have joined, without looking at all of them.
ALTER TABLE grp ADD COLUMN known INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grp ADD COLUMN joined INTEGER NOT NULL DEFAULT 0;
UPDATE grp SET
    known = (SELECT count(*) FROM group_member
             WHERE group_member.account = grp.account AND group_member.gid = grp.gid),
    joined = (SELECT count(*) FROM group_member
              WHERE group_member.account = grp.account AND group_member.gid = grp.gid
                AND group_member.standing = 'joined');

CREATE INDEX group_member_standing
    ON group_member (account, gid, standing, alias COLLATE NOCASE, alias);

CREATE TRIGGER group_count_insert AFTER INSERT ON group_member BEGIN
    UPDATE grp SET known = known + 1, joined = joined + (new.standing = 'joined')
    WHERE account = new.account AND gid = new.gid;
END;

CREATE TRIGGER group_count_delete AFTER DELETE ON group_member BEGIN
    UPDATE grp SET known = known - 1, joined = joined - (old.standing = 'joined')
    WHERE account = old.account AND gid = old.gid;
END;

CREATE TRIGGER group_count_standing AFTER UPDATE OF standing ON group_member BEGIN
    UPDATE grp SET joined = joined + (new.standing = 'joined') - (old.standing = 'joined')
    WHERE account = new.account AND gid = new.gid;
END;
