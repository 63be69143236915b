//! Asks a database for the plan of each statement.

use std::collections::HashMap;

use crudauth_tests::Database;
use sqlx::{AssertSqlSafe, Row};

use super::Case;

/// Returns the statements that read a whole table or a whole index, or sort the events of an account,
/// each with its plan.
pub(super) async fn scans(database: &Database, case: &Case, statements: &[String]) -> Vec<String> {
    let mut scans = Vec::new();
    // An INSERT searches its unique indexes only.
    let is_searched = |text: &&String| !text.starts_with("INSERT") && !super::may_scan(text);
    for statement in statements.iter().filter(is_searched) {
        let (plan, is_scan) = match database {
            Database::Sqlite(pool) => sqlite(pool, case, statement).await,
            Database::Postgres(pool) => postgres(pool, statement).await,
            Database::MySql(pool) => mysql(database, pool, case, statement).await,
        };
        assert!(!plan.is_empty(), "no plan: {statement}");
        // A stranger can add events, so their number must not count.
        let is_sorted = ["TEMP B-TREE", "Sort", "filesort"].iter().any(|word| plan.contains(word));
        if is_scan || is_sorted && statement.contains("ORDER BY seq") {
            scans.push(format!("{statement}\n{plan}"));
        }
    }
    scans
}

async fn sqlite(pool: &sqlx::SqlitePool, case: &Case, statement: &str) -> (String, bool) {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let rows = sqlx::query(explain).fetch_all(pool).await.unwrap();
    let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
    let scan = format!("SCAN {}", case.table);
    (steps.join("\n"), steps.iter().any(|step| step.starts_with(&scan)))
}

/// The plan for any values, of the statement as the library prepared it on this connection.
async fn postgres(pool: &sqlx::PgPool, statement: &str) -> (String, bool) {
    let prepared = "SELECT name, COALESCE(array_length(parameter_types, 1), 0) \
                    FROM pg_prepared_statements WHERE statement = $1";
    let prepared = sqlx::query(prepared).bind(statement).fetch_one(pool).await;
    let prepared = prepared.unwrap_or_else(|error| panic!("{error}: {statement}"));
    let (name, values): (String, i32) = (prepared.get(0), prepared.get(1));
    let values = vec!["NULL"; usize::try_from(values).unwrap()];
    let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
    sqlx::raw_sql("SET plan_cache_mode = force_generic_plan").execute(pool).await.unwrap();
    let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE {name}{values}"));
    let rows = sqlx::raw_sql(explain).fetch_all(pool).await.unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let count = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    let searches = count("Index Scan") + count("Index Only Scan");
    (lines.join("\n"), count("Seq Scan") > 0 || searches > count("Index Cond"))
}

async fn mysql(
    database: &Database,
    pool: &sqlx::MySqlPool,
    case: &Case,
    statement: &str,
) -> (String, bool) {
    let statement = with_values(statement, &types(database, case).await);
    let rows = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN {statement}"))).fetch_all(pool).await;
    let rows = rows.unwrap_or_else(|error| panic!("{error}: {statement}"));
    let mut plan = String::new();
    let mut is_scan = false;
    for row in &rows {
        let [table, access, key, extra] =
            ["table", "type", "key", "Extra"].map(|name| row.get::<Option<String>, _>(name));
        let of_case = table.as_ref().is_some_and(|table| table.starts_with(case.table));
        is_scan |= of_case && matches!(access.as_deref(), Some("ALL" | "index"));
        plan.push_str(&format!("{table:?} {access:?} {key:?} {extra:?}\n"));
    }
    (plan, is_scan)
}

/// The types of the columns of all tables, by name.
async fn types(database: &Database, case: &Case) -> HashMap<String, String> {
    let mut types: HashMap<_, _> = super::columns(database, case.table).await.into_iter().collect();
    for suffix in case.suffixes {
        types.extend(super::columns(database, &format!("{}_{suffix}", case.table)).await);
    }
    types
}

/// The statement with a value for each parameter, of the type of the column before it. The row `1`
/// has these values.
fn with_values(statement: &str, types: &HashMap<String, String>) -> String {
    let mut text = String::new();
    for part in statement.split_inclusive('?') {
        let Some(before) = part.strip_suffix('?') else {
            text.push_str(part);
            continue;
        };
        text.push_str(before);
        let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_').rev();
        let is_limit = text.trim_end().ends_with("LIMIT");
        let sql_type = words.find_map(|word| types.get(word)).map_or("", |found| found);
        text.push_str(match sql_type {
            _ if is_limit => "1",
            "varbinary" | "binary" | "blob" => {
                "X'0000000000000000000000000000000000000000000000000000000000000001'"
            }
            "varchar" | "char" | "text" => "'h1'",
            "datetime" | "timestamp" => "NOW()",
            _ => "1",
        });
    }
    text
}
