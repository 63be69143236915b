//! Values bound by name, on every database.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use sqlx::Pool;

use super::*;
use crate::sql::Layout;
use crate::sql::rows::Columns;
use crate::sql::template::Names;
use crate::sql::{Dialect, SqlStore};
use crate::testing_world::{Person, sqlite};

const REPEATED: &str = "SELECT CASE WHEN :a = :b THEN 'equal' ELSE 'it''s :a' END AS text, \
    CASE WHEN :a < :b THEN 1 ELSE 0 END AS is_less, CASE WHEN :b > :a THEN 1 ELSE 0 END AS is_more";

async fn run<DB: Backend>(pool: Pool<DB>) {
    let store = SqlStore::<DB, Person>::new(pool);
    // In another order than in the statement.
    let query = store.query(REPEATED).bind("b", 2_i64).bind("a", 1_i64).bind("unused", 3_i64);
    let row = store.row(query).await.unwrap().unwrap();
    let text: String = Columns::<DB>::new(&row, 0).next().unwrap();
    assert_eq!(text, "it's :a");
    let missing = store.row(store.query(REPEATED).bind("b", 2_i64)).await;
    let error = missing.err().unwrap();
    assert!(matches!(error, sqlx::Error::Encode(_)), "{error:?}");
    assert!(error.to_string().contains("no value is bound to `a`"), "{error}");
    // The connection is still good.
    let query = store.query(REPEATED).bind("a", 1_i64).bind("b", 1_i64);
    let row = store.row(query).await.unwrap().unwrap();
    let text: String = Columns::<DB>::new(&row, 0).next().unwrap();
    assert_eq!(text, "equal");
}

#[tokio::test]
async fn values_are_bound_by_name_and_a_missing_one_is_an_error() {
    run(sqlite().await.1).await;
    #[cfg(feature = "postgres")]
    if let Some(pool) = crate::testing_world::postgres().await {
        run(pool).await;
    }
    #[cfg(feature = "mysql")]
    if let Some(pool) = crate::testing_world::mysql().await {
        run(pool).await;
    }
}

#[test]
fn a_query_can_be_sent_again() {
    let statement = Names::of::<Person>(Dialect::Sqlite, Layout::default()).render("SELECT :a, :b");
    let query = Query::<sqlx::Sqlite>::new(Arc::new(statement), Arc::default());
    let query = query.bind("a", "text".to_owned()).bind("b", None::<i64>);
    for _ in 0..2 {
        let (sql, _, _) = query.call().into_parts().unwrap();
        assert_eq!(sql.as_str(), "SELECT $1, $2");
    }
}

#[test]
fn columns_of_the_app_are_left_to_be_bound_by_position() {
    let statement =
        Names::of::<Person>(Dialect::Sqlite, Layout::default()).render("VALUES (:a, :own_city)");
    let query = Query::<sqlx::Sqlite>::new(Arc::new(statement), Arc::default()).bind("a", 1_i64);
    let call = query.call().with("Utrecht".to_owned());
    assert!(call.into_parts().is_ok());
}
