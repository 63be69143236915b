//! The chains of kept events.

use crudauth::audit::{AuditFault, Fault};

use super::audit::kinds;
use super::*;

/// The accounts of another mount.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "admins")]
#[allow(dead_code, reason = "read by the library only")]
struct Admin {
    id: i64,
    email: String,
}

#[crudauth::routes(user = Admin, session, audit)]
struct Office;

async fn office<DB: Backend>(pool: sqlx::Pool<DB>) -> Office
where
    Admin: AuthRow<DB>,
{
    crudauth::migrations!(Office).run(&pool).await.unwrap();
    Office::builder(pool, SECRET).build().await.unwrap()
}

/// Signs `ada` up and in several times. Returns the mount, the app and the key.
async fn with_history(app: &App, sign_ins: usize) -> (Full, App, i64) {
    let (auth, app) = full(app, Setup::default()).await;
    let id = app.member("ada").await.id().await;
    for _ in 1..sign_ins {
        app.signed_in("ada", PASSWORD).await;
    }
    auth.drained().await;
    (auth, app, id)
}

async fn faults(auth: &Full) -> Vec<(i64, Fault)> {
    let verified = auth.accounts().audit().verify().await.unwrap();
    verified.faults.iter().map(|AuditFault { seq, fault, .. }| (*seq, *fault)).collect()
}

on_every_database! {
    async fn a_changed_row_is_found(app: App) {
        let (auth, app, _) = with_history(&app, 3).await;
        assert_eq!(faults(&auth).await, []);
        for change in [
            "kind = 'signed-out'", "actor = '1'", "client = NULL", "user_agent = 'x'",
            "credential = NULL", "created_at = created_at + 1", "expires_at = expires_at + 1",
            "prior_mac = NULL", "prior_expires_at = NULL", "version = 2", "ends_at = 1",
        ] {
            let copy = "CREATE TABLE kept AS SELECT * FROM users_audit";
            app.database.execute(copy).await;
            let change = format!("UPDATE users_audit SET {change} WHERE seq = 2");
            app.database.execute(&change).await;
            assert_eq!(faults(&auth).await, [(2, Fault::Changed)], "{change}");
            app.database.execute("DELETE FROM users_audit").await;
            app.database.execute("INSERT INTO users_audit SELECT * FROM kept").await;
            app.database.execute("DROP TABLE kept").await;
        }
        assert_eq!(faults(&auth).await, []);
    }

    async fn a_removed_row_is_found(app: App) {
        let (auth, app, _) = with_history(&app, 3).await;
        app.database.execute("DELETE FROM users_audit WHERE seq = 2").await;
        assert_eq!(faults(&auth).await, [(3, Fault::Missing)]);
        app.database.execute("DELETE FROM users_audit WHERE seq = 1").await;
        assert_eq!(faults(&auth).await, [(3, Fault::Missing)], "also at the beginning");
    }

    async fn a_row_that_was_given_another_place_is_found(app: App) {
        let (auth, app, id) = with_history(&app, 3).await;
        app.database.execute("UPDATE users_audit SET seq = 9 WHERE seq = 2").await;
        let found = faults(&auth).await;
        assert_eq!(found, [(3, Fault::Missing), (9, Fault::Changed)]);
        app.database.execute("UPDATE users_audit SET seq = 2 WHERE seq = 9").await;
        let give = format!("UPDATE users_audit SET user_id = {} WHERE seq = 3", id + 1);
        app.database.execute(&give).await;
        let found = faults(&auth).await;
        assert_eq!(found, [(4, Fault::Missing), (3, Fault::Changed)], "to another account");
    }

    async fn a_chain_of_another_mount_with_the_same_secret_is_found(app: App) {
        let (_, _, id) = with_history(&app, 1).await;
        let office = match app.database.clone() {
            Database::Sqlite(pool) => office(pool).await,
            Database::Postgres(pool) => office(pool).await,
            Database::MySql(pool) => office(pool).await,
        };
        app.database.execute("INSERT INTO admins_audit SELECT * FROM users_audit").await;
        let verified = office.accounts().audit().verify_account(&id).await.unwrap();
        let faults: Vec<_> = verified.faults.iter().map(|one| (one.seq, one.fault)).collect();
        assert_eq!(faults, [(1, Fault::Changed), (2, Fault::Changed)]);
    }

    async fn an_older_end_of_the_chain_is_found(app: App) {
        let (auth, app, _) = with_history(&app, 2).await;
        // Somebody removes the last row, waits for the next one, and puts the old one back.
        app.database.execute("CREATE TABLE kept AS SELECT * FROM users_audit WHERE seq = 3").await;
        app.database.execute("DELETE FROM users_audit WHERE seq = 3").await;
        app.clock.advance(Duration::from_secs(1));
        for _ in 0..2 {
            app.signed_in("ada", PASSWORD).await;
        }
        auth.drained().await;
        app.database.execute("DELETE FROM users_audit WHERE seq = 3").await;
        app.database.execute("INSERT INTO users_audit SELECT * FROM kept").await;
        assert_eq!(faults(&auth).await, [(4, Fault::Moved)]);
    }

    async fn a_purge_deletes_expired_rows_and_the_chain_stays_whole(app: App) {
        let (auth, app, id) = with_history(&app, 3).await;
        app.clock.advance(Duration::from_hours(200 * 24));
        app.signed_in("ada", PASSWORD).await;
        app.clock.advance(Duration::from_hours(166 * 24));
        auth.purge().await.unwrap();
        assert_eq!(kinds(&auth, id).await, ["signed-in"]);
        assert_eq!(faults(&auth).await, []);
        app.signed_in("ada", PASSWORD).await;
        assert_eq!(kinds(&auth, id).await, ["signed-in"; 2]);
        assert_eq!(faults(&auth).await, []);
        app.database.execute("DELETE FROM users_audit WHERE seq = 5").await;
        assert_eq!(faults(&auth).await, [(6, Fault::Missing)], "that one had not expired");
    }

    async fn concurrent_changes_make_one_chain(app: App) {
        let (auth, app, id) = with_history(&app, 1).await;
        let sign_ins = (0..24).map(|_| {
            let browser = app.browser();
            async move { browser.login("ada", PASSWORD).await }
        });
        let answers = concurrently(sign_ins).await;
        assert_eq!(count_status(&answers, 200), 24, "{answers:?}");
        assert_eq!(kinds(&auth, id).await.len(), 26);
        let verified = auth.accounts().audit().verify_account(&id).await.unwrap();
        assert_eq!((verified.rows, verified.faults), (26, Vec::new()));
    }
}
