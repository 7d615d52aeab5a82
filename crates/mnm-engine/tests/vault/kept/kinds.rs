//! Kinds of rows that a vault needs to stand for every home of its version: read from the schema, so that a new
//! table, kind or column is asked for by itself.

use std::path::Path;

use rusqlite::Connection;

/// Opens the database of a home directly.
pub(crate) fn connect(home: &Path) -> Connection {
    let key = std::fs::read(home.join("vault.key")).unwrap();
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let db = Connection::open(home.join("vault.db")).unwrap();
    db.execute_batch(&format!("PRAGMA cipher_log_level = NONE; PRAGMA key = \"x'{key}'\""))
        .unwrap();
    db
}

/// A row that has to be there.
struct Demand {
    /// Where and which, for people.
    what: String,
    /// Finds it.
    sql: String,
}

/// What is wanting in the store `kept` of all that the schema of `today` can hold.
pub(crate) fn wanting(kept: &Connection, today: &Connection) -> Vec<String> {
    let is_there = |demand: &Demand| {
        // A table or column that the kept store does not have yet has no row there.
        kept.prepare(&demand.sql).is_ok_and(|mut find| find.exists([]).unwrap())
    };
    demands(today)
        .into_iter()
        .filter(|demand| !is_there(demand))
        .map(|demand| demand.what)
        .collect()
}

/// One row of each table; of each column every kind that its CHECK lists, something besides its DEFAULT, and,
/// where it may be NULL, both NULL and something else.
fn demands(db: &Connection) -> Vec<Demand> {
    let mut demands = Vec::new();
    for table in strings(
        db,
        "SELECT name FROM pragma_table_list
        WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
    ) {
        let mut demand = |what: String, condition: &str| {
            demands.push(Demand { what, sql: format!("SELECT 1 FROM {table} WHERE {condition}") });
        };
        demand(table.clone(), "1");
        let sql = strings(db, &format!("SELECT sql FROM sqlite_schema WHERE name = '{table}'"));
        for column in strings(db, &format!("SELECT name FROM pragma_table_info('{table}')")) {
            for kind in kinds(&sql[0], &column) {
                demand(format!("{table}.{column} = {kind}"), &format!("{column} = {kind}"));
            }
        }
        let nullable = format!(
            r#"SELECT name FROM pragma_table_info('{table}') WHERE "notnull" = 0 AND pk = 0"#
        );
        for column in strings(db, &nullable) {
            demand(format!("{table}.{column} NULL"), &format!("{column} IS NULL"));
            demand(format!("{table}.{column} not NULL"), &format!("{column} IS NOT NULL"));
        }
        let default = format!(
            "SELECT name || ' IS NOT ' || dflt_value FROM pragma_table_info('{table}')
            WHERE dflt_value IS NOT NULL"
        );
        for condition in strings(db, &default) {
            demand(format!("{table}.{condition}"), &condition);
        }
    }
    demands
}

/// What `CHECK (column IN (…))` lists.
fn kinds(sql: &str, column: &str) -> Vec<String> {
    let check = format!("CHECK ({column} IN (");
    let list = sql.split_once(&check).and_then(|(_, rest)| rest.split_once(')'));
    list.map_or_else(Vec::new, |(list, _)| {
        list.split(',').map(|kind| kind.trim().to_owned()).collect()
    })
}

fn strings(db: &Connection, sql: &str) -> Vec<String> {
    let mut rows = db.prepare(sql).unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
