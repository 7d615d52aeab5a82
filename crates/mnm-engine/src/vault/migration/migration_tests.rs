//! Tests that the migrations end at the documented `schema.sql`.

use rusqlite::Connection;

/// Name and definition of everything in the schema, without comments and spacing.
fn objects(db: &Connection) -> Vec<(String, String)> {
    db.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, plain(&row.get::<_, String>(1)?))))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap()
}

fn plain(sql: &str) -> String {
    sql.lines()
        .map(|line| line.split("--").next().unwrap_or(""))
        .flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ")
        // A column that was added later follows the former end.
        .replace(" ,", ",")
        .replace(" )", ")")
}

fn empty() -> Connection {
    Connection::open_in_memory().unwrap()
}

#[test]
fn migrations_end_at_the_documented_schema() {
    let mut migrated = empty();
    super::migrate(&mut migrated).unwrap();
    let documented = empty();
    documented.execute_batch(include_str!("../schema.sql")).unwrap();
    assert_eq!(objects(&migrated), objects(&documented));
    assert!(objects(&migrated).len() > 30, "the schema was read");
}

#[test]
fn every_table_is_strict() {
    let mut db = empty();
    super::migrate(&mut db).unwrap();
    let loose: i64 = db
        .query_row(
            "SELECT count(*) FROM pragma_table_list
             WHERE type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(loose, 0);
}

/// A database of a version with `steps` steps.
fn old(steps: usize) -> Connection {
    let db = empty();
    super::name::register(&db).unwrap();
    super::reindex::register(&db).unwrap();
    super::STEPS.iter().take(steps).for_each(|step| db.execute_batch(step).unwrap());
    db.pragma_update(None, "user_version", i64::try_from(steps).unwrap()).unwrap();
    db.execute_batch(
        "INSERT INTO account (id, address, fingerprint, service, uid, node, joined_ms)
             VALUES (1, '=a:1', NULL, 'Site', 'ME', 'NODE', 1);
         INSERT INTO device (id, account, label, this, since_ms) VALUES (1, 1, 'laptop', 1, 1);",
    )
    .unwrap();
    db
}

#[test]
fn names_of_an_older_version_are_kept_and_told_for_what_they_are() {
    let mut db = old(3);
    db.execute_batch(
        "INSERT INTO contact (account, uid, alias, since_ms)
             VALUES (1, 'U1', 'Dora Dorn', 1), (1, 'U2', 'DORA Dorn', 1);
         INSERT INTO ping (account, incoming, from_uid, from_alias, to_alias, text, at_ms, state)
             VALUES (1, 1, 'U1', 'Dora Dorn', 'me', '', 1, 'accepted');",
    )
    .unwrap();
    super::migrate(&mut db).unwrap();
    let contacts: Vec<(String, String, bool)> = db
        .prepare("SELECT uid, look, vouched FROM contact ORDER BY uid")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let look = || "dora dorn".to_owned();
    assert_eq!(contacts, [("U1".into(), look(), true), ("U2".into(), look(), false)]);
    let exact: bool = db.query_row("SELECT exact FROM ping", [], |row| row.get(0)).unwrap();
    assert!(!exact, "it may have been cleaned");
}

#[test]
fn one_id_of_an_older_version_is_one_reader_and_nonsense_is_none() {
    let mut db = old(16);
    let (member, other) = ("BBB22222222222222222222222222222", "CRRL3333333333333333333333333333");
    db.execute_batch(&format!(
        "INSERT INTO thread (id, account, service_id, subject, last_at_ms)
             VALUES (1, 1, '0000000000000001', '', 1), (2, 1, '0000000000000002', '', 1);
         INSERT INTO party (thread, ord, is_group, uid, alias)
             VALUES (1, 1, 0, '{member}', 'Quentin Q'), (1, 2, 1, '{member}', '{member}'),
                    (1, 3, 1, '{other}', '{other}'), (1, 4, 1, 'Gardeners', 'Gardeners'),
                    (1, 5, 0, 'EVE', 'nonsense'), (1, 6, 0, 'ME', 'me');
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
             INSERT INTO party (thread, ord, is_group, uid, alias)
             SELECT 2, i, 0, printf('%032d', 11111111 + i) || '', '' FROM n;
         UPDATE party SET uid = replace(uid, '0', 'Z') WHERE thread = 2;
         INSERT INTO grp (account, gid, alias, standing) VALUES (1, 'Gardeners', 'me', 'joined');
         INSERT INTO group_member (account, gid, alias, standing)
             VALUES (1, 'Gardeners', 'Carol Brown', 'joined');
         INSERT INTO ping (account, incoming, from_uid, from_alias, to_alias, text, gid, at_ms, state)
             VALUES (1, 0, 'ME', 'me', 'Carol Brown', '', 'Gardeners', 1, 'waiting'),
                    (1, 1, '{member}', 'Quentin Q', 'me', '', 'Gardeners', 1, 'accepted');",
    ))
    .unwrap();
    super::migrate(&mut db).unwrap();
    let readers: Vec<(String, bool, bool)> = db
        .prepare("SELECT uid, is_group, struck_ms IS NULL FROM party WHERE thread = 1 ORDER BY ord")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let expected = [
        (member, false, true),
        (other, false, true),
        ("Gardeners", true, true),
        ("EVE", false, false),
        ("ME", false, true),
    ];
    assert_eq!(readers, expected.map(|(uid, group, reads)| (uid.to_owned(), group, reads)));
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let reading = "SELECT count(*) FROM party WHERE thread = 2 AND struck_ms IS NULL";
    assert_eq!(number(reading), 500);
    assert_eq!(number("SELECT count(*) FROM group_uid"), 1);
    assert_eq!(number("SELECT count(*) FROM ping WHERE state = 'waiting'"), 0);
}

#[test]
fn migration_counts_unread_messages_and_waiting_pings() {
    let mut db = old(19);
    db.execute_batch(
        "INSERT INTO thread (id, account, subject, last_at_ms) VALUES (1, 1, '', 1), (2, 1, '', 1);
         INSERT INTO message (id, account, thread, msgid, author_uid, author_alias, at_ms, subject,
                 text, html, state, unread)
             VALUES (1, 1, 1, 'a', 'U', 'A', 1, '', '', '', 'received', 1),
                    (2, 1, 1, 'b', 'U', 'A', 1, '', '', '', 'received', 1),
                    (3, 1, 2, 'c', 'U', 'A', 1, '', '', '', 'received', 0);
         INSERT INTO ping (id, account, incoming, from_uid, from_alias, to_alias, text, at_ms, state)
             VALUES (1, 1, 1, 'U', 'A', 'me', '', 1, 'waiting'),
                    (2, 1, 1, 'U', 'A', 'me', '', 1, 'waiting'),
                    (3, 1, 0, 'ME', 'me', 'A', '', 1, 'waiting');",
    )
    .unwrap();
    super::migrate(&mut db).unwrap();
    let mut told = Vec::new();
    for act in [
        "",
        "UPDATE message SET thread = 2 WHERE id = 1",
        "UPDATE message SET unread = 0 WHERE id = 1",
        "UPDATE message SET unread = 0 WHERE id = 1",
        "UPDATE message SET unread = 1 WHERE id = 3",
        "DELETE FROM message WHERE id = 2",
    ] {
        db.execute_batch(act).unwrap();
        let sql = "SELECT (SELECT unread FROM thread WHERE id = 1),
                       (SELECT unread FROM thread WHERE id = 2), unread FROM account";
        let counts = db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        told.push(counts.unwrap());
    }
    assert_eq!(told, [(2, 0, 2), (1, 1, 2), (1, 0, 1), (1, 0, 1), (1, 1, 2), (0, 1, 1)]);
    let mut waiting = Vec::new();
    for act in [
        "",
        "UPDATE ping SET state = 'ignored' WHERE id = 1",
        "UPDATE ping SET state = 'waiting'",
        "DELETE FROM ping WHERE id > 1",
        "INSERT INTO ping (account, incoming, from_uid, from_alias, to_alias, text, at_ms, state)
             SELECT 1, n, 'U', 'A', 'me', '', 1, 'waiting' FROM (SELECT 0 AS n UNION SELECT 1)",
    ] {
        db.execute_batch(act).unwrap();
        let sql = "SELECT waiting FROM account";
        waiting.push(db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap());
    }
    assert_eq!(waiting, [2, 1, 2, 1, 2]);
}

#[test]
fn a_device_that_an_older_version_listed_twice_is_listed_once() {
    let mut db = old(26);
    db.execute_batch(
        "INSERT INTO device (id, account, label, this, since_ms)
             VALUES (2, 1, 'desk', 0, 1), (3, 1, 'laptop', 0, 1), (4, 1, 'laptop', 0, 1),
                    (5, 1, 'laptop', 0, 9);",
    )
    .unwrap();
    super::migrate(&mut db).unwrap();
    let ids =
        db.query_row("SELECT group_concat(id) FROM device", [], |row| row.get::<_, String>(0));
    // Several devices may have the same label, also one that was added later.
    assert_eq!(ids.unwrap(), "1,2,3,5");
}

#[test]
fn running_again_changes_nothing() {
    let mut db = empty();
    super::migrate(&mut db).unwrap();
    let before = objects(&db);
    super::migrate(&mut db).unwrap();
    assert_eq!(objects(&db), before);
    assert_eq!(super::version(&db).unwrap(), super::latest());
}

#[test]
fn names_of_readers_that_came_raw_are_bounded() {
    let mut db = old(30);
    db.execute_batch(
        "INSERT INTO thread (id, account, service_id, subject, last_at_ms)
             VALUES (1, 1, '0000000000000001', '', 1);
         INSERT INTO party (thread, ord, is_group, uid, alias, by_uid, at_ms)
             VALUES (1, 1, 0, 'U1', 'Dora Dorn', '', 1),
                    (1, 2, 0, 'U2', printf('%1000000s', 'x'), 'U1', 1),
                    (1, 3, 0, 'U3', char(8238) || 'marC oelC' || char(1), 'U1', 1),
                    (1, 4, 1, 'Crew', 'Another name', 'U1', 1), (1, 5, 0, 'ME', '', '', 1);",
    )
    .unwrap();
    super::migrate(&mut db).unwrap();
    let names: Vec<String> = db
        .prepare("SELECT alias FROM party ORDER BY ord")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    assert_eq!(names, ["Dora Dorn", "x", "marC oelC", "Crew", ""]);
}

#[test]
fn migration_makes_authors_of_group_threads_known_members() {
    let mut db = old(32);
    db.execute_batch(
        "INSERT INTO grp (account, gid, alias, standing) VALUES (1, 'Crew', 'Me', 'joined');
         INSERT INTO thread (id, account, service_id, subject, last_at_ms)
             VALUES (1, 1, '0000000000000001', '', 1), (2, 1, '0000000000000002', '', 1);
         INSERT INTO party (thread, ord, is_group, uid, alias, by_uid, at_ms)
             VALUES (1, 1, 1, 'Crew', 'Crew', '', 1), (1, 2, 0, 'NAMED', 'Beside it', '', 1);
         INSERT INTO message (account, thread, msgid, author_uid, author_alias, at_ms, subject, text,
                 html, state, unread)
             VALUES (1, 1, '3', 'MEMBER', 'M', 1, '', '', '', 'received', 0),
                    (1, 1, '4', 'NAMED', 'N', 1, '', '', '', 'received', 0),
                    (1, 2, '5', 'OTHER', 'O', 1, '', '', '', 'received', 0);",
    )
    .unwrap();
    super::migrate(&mut db).unwrap();
    let known =
        db.query_row("SELECT group_concat(uid) FROM group_uid WHERE gid = 'Crew'", [], |row| {
            row.get::<_, String>(0)
        });
    assert_eq!(known.unwrap(), "MEMBER");
}

#[test]
fn migration_knows_former_groups_and_keeps_queued_letters() {
    let mut db = old(35);
    db.execute_batch(
        "INSERT INTO grp (account, gid, alias, standing, removed)
             VALUES (1, 'Crew', 'Me', 'joined', 0), (1, 'Choir', 'Me', 'left', 0),
                    (1, 'Board', 'Me', 'left', 1), (1, 'Dora, Marc', 'Me', 'invited', 0);
         INSERT INTO thread (id, account, service_id, subject, last_at_ms) VALUES (1, 1, NULL, '', 1);
         INSERT INTO message (id, account, thread, author_uid, author_alias, at_ms, subject, text, html,
                 state, unread)
             VALUES (1, 1, 1, 'ME', 'Me', 1, '', '', '', 'queued', 0);
         INSERT INTO outbox (account, kind, message, request, attempts) VALUES (1, 'post', 1, 'R', 0);",
    )
    .unwrap();
    super::migrate(&mut db).unwrap();
    let was_in: String = db
        .query_row(
            "SELECT group_concat(gid, ' ' ORDER BY gid) FROM grp WHERE was_in = 1",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(was_in, "Board Choir Crew");
    let meant: Option<String> =
        db.query_row("SELECT meant FROM outbox", [], |row| row.get(0)).unwrap();
    assert_eq!(meant, None);
}

#[test]
fn migration_counts_group_messages_from_then_on() {
    let mut db = old(35);
    db.execute_batch(
        "INSERT INTO grp (account, gid, alias, standing) VALUES (1, 'Gardeners', 'me', 'joined');
         INSERT INTO group_uid (account, gid, uid, alias) VALUES (1, 'Gardeners', 'U1', '');
         INSERT INTO thread (id, account, service_id, subject, last_at_ms)
             VALUES (1, 1, '0000000000000001', '', 1);
         INSERT INTO message (account, thread, msgid, author_uid, author_alias, at_ms, subject, text,
                 html, state, unread)
             VALUES (1, 1, '0000000000000008', 'ME', '', 1, '', '', '', 'sent', 0),
                    (1, 1, 'forward.x', 'ME', '', 1, '', '', '', 'received', 0);
         INSERT INTO seen (account, msgid) VALUES (1, '0000000000000009');",
    )
    .unwrap();
    super::migrate(&mut db).unwrap();
    let since: (String, String) = db
        .query_row("SELECT grp.since_id, group_uid.since_id FROM grp, group_uid", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(since, ("0000000000000009".into(), String::new()));
}

#[test]
fn migration_keeps_known_names() {
    let mut db = old(35);
    db.execute_batch(
        "INSERT INTO contact (account, uid, alias, since_ms, look) VALUES (1, 'U1', 'Ada', 1, look('Ada'));
         INSERT INTO ping (account, incoming, from_uid, from_alias, to_alias, text, at_ms, state)
             VALUES (1, 1, 'U2', 'BERT', 'Me', '', 1, 'ignored'), (1, 0, 'ME', 'Me', 'Cleo', '', 1, 'waiting');
         INSERT INTO thread (id, account, subject, last_at_ms) VALUES (1, 1, '', 1);
         INSERT INTO message (account, thread, msgid, author_uid, author_alias, at_ms, subject, text, html,
                 state, unread)
             VALUES (1, 1, 'a', 'U3', 'Dora', 1, '', '', '', 'received', 0),
                    (1, 1, 'b', 'U3', 'Dora', 1, '', '', '', 'received', 0);
         INSERT INTO account (id, address, service, uid, node, joined_ms)
             VALUES (2, '=b:1', '=b:1', 'ME', 'NODE', 1);",
    )
    .unwrap();
    super::migrate(&mut db).unwrap();
    let names: Vec<(String, String)> = db
        .prepare("SELECT look, uid FROM namesake WHERE account = 1 ORDER BY look")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let expected = [("ada", "U1"), ("bert", "U2"), ("cleo", "")];
    assert_eq!(names, expected.map(|(look, uid)| (look.to_owned(), uid.to_owned())));
    let joined_as: Vec<Option<String>> = db
        .prepare("SELECT joined_as FROM account ORDER BY id")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    assert_eq!(joined_as, [Some("Site".to_owned()), None]);
}
