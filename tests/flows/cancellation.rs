//! Cancelled requests: an open transaction is rolled back, and the connection stays usable.

use std::time::Duration;

use crudauth_tests::{App, Kind, PASSWORD, on_every_database};

/// Starts flows with a transaction and drops each a little later than the one before.
async fn go_away(app: &App, id: i64) {
    let accounts = app.auth.accounts();
    for n in 0..120 {
        let moment = Duration::from_micros(n * 40);
        let _ = tokio::time::timeout(moment, accounts.enable(&id)).await;
        let _ = tokio::time::timeout(moment, accounts.disable(&id)).await;
    }
    assert!(accounts.enable(&id).await.unwrap());
}

on_every_database! {
    async fn a_cancelled_request_leaves_usable_connections(app: App) {
        assert_eq!(app.register("ada").await.status, 202);
        let id = app.database.number("SELECT id FROM users").await;
        go_away(&app, id).await;
        for n in 0..12 {
            let name = format!("next{n}");
            assert_eq!(app.register(&name).await.status, 202);
            assert!(app.signed_in(&name, PASSWORD).await.is_signed_in().await);
        }
        assert!(app.signed_in("ada", PASSWORD).await.is_signed_in().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_request_leaves_no_open_transaction() {
    let app = App::on(Kind::Postgres).await;
    assert_eq!(app.register("ada").await.status, 202);
    let id = app.database.number("SELECT id FROM users").await;
    go_away(&app, id).await;
    app.auth.drained().await;
    let open = "SELECT COUNT(*) FROM pg_stat_activity \
                WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    // A dropped transaction is rolled back once its connection returns to the pool.
    for _ in 0..50 {
        if app.database.number(open).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a transaction was left open");
}
