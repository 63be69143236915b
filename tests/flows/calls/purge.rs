//! The purge deletes expired rows and no others.

use std::time::Duration;

use crudauth_tests::{App, Kind, on_every_database};

use super::{principal, register, sign_in, signed_in};

const TABLES: [&str; 4] =
    ["users_sessions", "users_one_time_tokens", "users_rate_limits", "users_lockouts"];

async fn counts(app: &App) -> [i64; 4] {
    let mut counts = [0; 4];
    for (table, count) in TABLES.iter().zip(&mut counts) {
        *count = app.database.number(&format!("SELECT COUNT(*) FROM {table}")).await;
    }
    counts
}

/// Creates a session, a link, a use of a rate limit and a failed login of `name`.
async fn leave_traces(app: &App, name: &str) {
    let _ = signed_in(app, name).await;
    let _ = app.reset_token(&format!("{name}@example.com")).await;
    let _ = sign_in(app, &format!("unknown-{name}"), "a-wrong-one").await;
}

on_every_database! {
    async fn a_purge_deletes_expired_rows_only(app: App) {
        for name in ["ada", "bob"] {
            register(&app, name).await;
        }
        app.auth.drained().await;
        leave_traces(&app, "ada").await;
        let before = counts(&app).await;
        assert!(before.iter().all(|count| *count > 0), "{before:?}");
        assert_eq!(app.auth.purge().await.unwrap(), 0, "nothing has expired");
        assert_eq!(counts(&app).await, before);

        app.clock.advance(Duration::from_secs(25 * 3600));
        let live = signed_in(&app, "bob").await;
        leave_traces(&app, "bob").await;
        let with_new = counts(&app).await;
        let purged = app.auth.purge().await.unwrap();
        let after = counts(&app).await;
        for (at, table) in TABLES.iter().enumerate() {
            assert!(after[at] > 0 && after[at] < with_new[at], "{table}: {with_new:?} {after:?}");
        }
        let gone = with_new.iter().sum::<i64>() - after.iter().sum::<i64>();
        assert_eq!(purged, u64::try_from(gone).unwrap());
        for table in TABLES {
            let now = crudauth::Clock::now(&*app.clock).timestamp_millis();
            let old = format!("SELECT COUNT(*) FROM {table} WHERE expires_at <= {now}");
            assert_eq!(app.database.number(&old).await, 0, "{table}");
        }
        assert!(principal(&app, &live).await.is_some());
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 2);
        assert_eq!(app.auth.purge().await.unwrap(), 0);
    }

    async fn a_purge_deletes_expired_rows_in_batches(app: App) {
        let id = register(&app, "ada").await;
        app.auth.drained().await;
        let live = signed_in(&app, "ada").await;
        let digit = "(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 \
                     UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 \
                     UNION ALL SELECT 8 UNION ALL SELECT 9)";
        let number = "a.n * 1000 + b.n * 100 + c.n * 10 + d.n";
        let digest = match app.database.kind() {
            Kind::Sqlite => format!("CAST({number} AS BLOB)"),
            Kind::Postgres => format!("CAST(CAST({number} AS TEXT) AS BYTEA)"),
            Kind::MySql => format!("CAST({number} AS CHAR)"),
        };
        let old = format!(
            "INSERT INTO users_sessions (digest, handle, user_id, csrf_digest, token_version, \
             auth_epoch, is_remembered, created_at, last_activity_at, expires_at) \
             SELECT {digest}, 'old', {id}, {digest}, 0, 0, FALSE, 0, 0, 1 \
             FROM {digit} a, {digit} b, {digit} c, {digit} d WHERE a.n < 6"
        );
        app.database.execute(&old).await;
        let left = "SELECT COUNT(*) FROM users_sessions WHERE handle = 'old'";
        assert_eq!(app.database.number(left).await, 6000);
        assert_eq!(app.auth.purge().await.unwrap(), 6000);
        assert_eq!(app.database.number(left).await, 0);
        assert!(principal(&app, &live).await.is_some());
    }
}

#[tokio::test]
async fn the_periodic_purge_stops_with_the_mount() {
    let kept = App::on(Kind::Sqlite).await;
    let app = kept.restarted().await;
    register(&app, "ada").await;
    let _ = signed_in(&app, "ada").await;
    app.clock.advance(Duration::from_secs(25 * 3600));
    let purging = app.auth.spawn_purge(Duration::from_millis(5));
    while app.database.number("SELECT COUNT(*) FROM users_sessions").await > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!purging.is_finished());
    drop(app);
    tokio::time::timeout(Duration::from_secs(30), purging).await.unwrap().unwrap();
}
