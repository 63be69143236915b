//! Fills the tables of a mount with many rows.

use crudauth_tests::{Database, Kind};

use super::Case;

/// A hash of `a-strong-one`.
const ARGON: &str = "$argon2id$v=19$m=19456,t=2,p=1$5otZYA/2CSkZjvfab/1x8Q\
                     $bDtG3jInRiIXuy88BVoTJ7+ZJFFt4cs37h2EZ+2Zwjs";

/// Rows of each table.
const ROWS: u32 = 100_000;

/// The numbers from `first` to `last` as `n`.
fn numbers(kind: Kind, first: u32, last: u32) -> String {
    match kind {
        Kind::Postgres => {
            format!("SELECT CAST(n AS BIGINT) AS n FROM generate_series({first}, {last}) AS s(n)")
        }
        Kind::Sqlite => format!(
            "WITH RECURSIVE s(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) \
             SELECT n FROM s"
        ),
        Kind::MySql => format!("SELECT seq AS n FROM seq_{first}_to_{last}"),
    }
}

/// The text `h7` for the number 7.
fn text(kind: Kind) -> String {
    let text = if kind == Kind::MySql { "CHAR" } else { "TEXT" };
    format!("CONCAT('h', CAST(n AS {text}))")
}

/// Inserts accounts, the last of them without the compared forms of their names, as another program
/// does, and rows of every table of the library.
pub(super) async fn fill(database: &Database, case: &Case) {
    accounts(database, case, 1, ROWS - 100, case.keys).await;
    let is_unfilled = !case.keys.is_empty() && case.is_adopted;
    let keys = if is_unfilled { &[] } else { case.keys };
    accounts(database, case, ROWS - 99, ROWS, keys).await;
    if case.has_deleted {
        let leave = "SET left_at = CURRENT_TIMESTAMP WHERE username LIKE 'h9%'";
        database.execute(&format!("UPDATE {} {leave}", case.table)).await;
    }
    for suffix in case.suffixes {
        library(database, case, &format!("{}_{suffix}", case.table)).await;
    }
}

async fn accounts(database: &Database, case: &Case, first: u32, last: u32, keys: &[&str]) {
    let kind = database.kind();
    let name = text(kind);
    let address = format!("CONCAT({name}, '@example.com')");
    let mut columns = vec!["email", "username", "hashed_password"];
    let mut values = vec![address.clone(), name.clone(), format!("'{ARGON}'")];
    for key in keys {
        columns.push(key);
        values.push(if key.starts_with("email") { &address } else { &name }.clone());
    }
    if case.has_text_key {
        columns.push("id");
        values.push(name);
    }
    let insert = format!(
        "INSERT INTO {} ({}) SELECT {} FROM ({}) AS numbers",
        case.table,
        columns.join(", "),
        values.join(", "),
        numbers(kind, first, last)
    );
    database.execute(&insert).await;
}

async fn library(database: &Database, case: &Case, table: &str) {
    let columns = super::columns(database, table).await;
    let values: Vec<_> = columns
        .iter()
        .map(|(name, sql_type)| match &**name {
            "user_id" | "account_id" if case.has_text_key => text(database.kind()),
            "user_id" | "account_id" => "n".to_owned(),
            _ => value(database.kind(), sql_type),
        })
        .collect();
    let names: Vec<_> = columns.iter().map(|(name, _)| &**name).collect();
    let insert = format!(
        "INSERT INTO {table} ({}) SELECT {} FROM ({}) AS numbers",
        names.join(", "),
        values.join(", "),
        numbers(database.kind(), 1, ROWS)
    );
    database.execute(&insert).await;
}

/// The value of the row `n` in a column of that type.
fn value(kind: Kind, sql_type: &str) -> String {
    let has = |words: &[&str]| words.iter().any(|word| sql_type.contains(word));
    if has(&["blob", "bytea", "binary"]) {
        match kind {
            Kind::Sqlite => "CAST(printf('%032d', n) AS BLOB)".to_owned(),
            Kind::Postgres => "decode(lpad(CAST(n AS TEXT), 64, '0'), 'hex')".to_owned(),
            Kind::MySql => "UNHEX(LPAD(n, 64, '0'))".to_owned(),
        }
    } else if has(&["char", "text"]) {
        text(kind)
    } else if has(&["bool", "tinyint"]) {
        "FALSE".to_owned()
    } else if has(&["bigint"]) {
        // Milliseconds: a few of the rows have expired.
        "1700000000000 + n * 30000000".to_owned()
    } else {
        "0".to_owned()
    }
}
