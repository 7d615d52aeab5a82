//! `schema.sql` is what readers are told; the migrations are what runs. They must say the same.

use rusqlite::Connection;

/// Name and text of everything in the schema, without comments and spacing.
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
        // A column that was added later stands behind what ended the one before.
        .replace(" ,", ",")
        .replace(" )", ")")
}

fn empty() -> Connection {
    Connection::open_in_memory().unwrap()
}

#[test]
fn migrations_end_at_the_documented_schema() {
    let mut migrated = empty();
    super::run(&mut migrated).unwrap();
    let documented = empty();
    documented.execute_batch(include_str!("../schema.sql")).unwrap();
    assert_eq!(objects(&migrated), objects(&documented));
    assert!(objects(&migrated).len() > 30, "the schema was read");
}

#[test]
fn every_table_is_strict() {
    let mut db = empty();
    super::run(&mut db).unwrap();
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

#[test]
fn running_again_changes_nothing() {
    let mut db = empty();
    super::run(&mut db).unwrap();
    let before = objects(&db);
    super::run(&mut db).unwrap();
    assert_eq!(objects(&db), before);
    assert_eq!(super::version(&db).unwrap(), super::latest());
}
