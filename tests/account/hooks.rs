//! Data of the app: hooks, and foreign keys that nothing handles.

use std::sync::atomic::{AtomicBool, Ordering};

use crudauth::account::{AccountData, AccountError, BoxError, Departure, OnDelete};
use crudauth::flow::Proof;
use crudauth::{Account, Principal};

use super::*;

/// A hook over the table `poems`, which fails on demand.
#[derive(Clone)]
pub(super) struct Poems {
    database: Database,
    fails: Arc<AtomicBool>,
}

impl AccountData<Person> for Poems {
    fn name(&self) -> &'static str {
        "poems"
    }

    async fn export(&self, account: &Account<Person>) -> Result<Value, BoxError> {
        let poems = format!("poems WHERE author = {}", account.user.id);
        Ok(json!({ "count": self.database.count(&poems).await }))
    }

    async fn erase(&self, account: &Account<Person>) -> Result<(), BoxError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err("the poems are away".into());
        }
        let delete = format!("DELETE FROM poems WHERE author = {}", account.user.id);
        Ok(self.database.try_execute(&delete).await?)
    }
}

/// Creates a table that refers to accounts.
pub(super) async fn referring(app: &App, table: &str, column: &str, rule: &str) {
    let key = match app.database.kind() {
        crudauth_tests::Kind::Sqlite => "INTEGER",
        _ => "BIGINT",
    };
    let create = format!(
        "CREATE TABLE {table} (id INTEGER PRIMARY KEY, {column} {key} NULL, \
         FOREIGN KEY ({column}) REFERENCES users (id) {rule})"
    );
    app.database.execute(&create).await;
}

/// A mount with the hook.
async fn with_poems(app: &App, setup: Setup) -> (Full, App, Poems) {
    let fails = Arc::new(AtomicBool::new(false));
    let poems = Poems { database: app.database.clone(), fails };
    let setup = Setup { poems: Some(poems.clone()), ..setup };
    let (auth, app) = full(app, setup).await;
    (auth, app, poems)
}

on_every_database! {
    async fn a_hook_exports_and_erases_the_data_of_the_app(app: App) {
        let (_, app, _) = with_poems(&app, Setup::default()).await;
        referring(&app, "poems", "author", "").await;
        let ada = owner(&app, "ada").await;
        let id = ada.id().await;
        app.database.execute(&format!("INSERT INTO poems VALUES (1, {id})")).await;
        let export = ada.get("/account/export").await.json();
        assert_eq!(export["poems"], json!({ "count": 1 }));
        assert_eq!(ada.post("/account/delete", json!({})).await.status, 200);
        assert_eq!((app.database.count("poems").await, rows_of(&app, id).await), (0, 0));
    }

    async fn an_obstacle_puts_one_deletion_off_and_no_other(app: App) {
        let (auth, app, poems) = with_poems(&app, Setup::grace()).await;
        referring(&app, "poems", "author", "").await;
        for name in ["ada", "eve"] {
            let owner = owner(&app, name).await;
            assert_eq!(owner.post("/account/delete", json!({})).await.status, 202);
        }
        let eve = app.database.number("SELECT id FROM users WHERE username = 'eve'").await;
        referring(&app, "notes", "owner", "").await;
        app.database.execute(&format!("INSERT INTO notes VALUES (1, {eve})")).await;
        app.clock.advance(2 * MONTH);
        auth.purge().await.unwrap();
        assert_eq!(app.database.count("users").await, 1, "the other account is deleted");
        app.database.execute("DELETE FROM notes").await;
        auth.purge().await.unwrap();
        assert_eq!(app.database.count("users").await, 1, "it is put off");
        app.clock.advance(Duration::from_secs(3600));
        poems.fails.store(true, Ordering::SeqCst);
        auth.purge().await.unwrap();
        poems.fails.store(false, Ordering::SeqCst);
        assert_eq!(app.database.count("users").await, 1);
        app.clock.advance(Duration::from_secs(3600));
        auth.purge().await.unwrap();
        assert_eq!(app.database.count("users").await, 0);
    }

    async fn a_hook_that_fails_keeps_the_account(app: App) {
        let (auth, app, poems) = with_poems(&app, Setup::default()).await;
        referring(&app, "poems", "author", "").await;
        let ada = owner(&app, "ada").await;
        poems.fails.store(true, Ordering::SeqCst);
        assert_eq!(ada.post("/account/delete", json!({})).await.status, 500);
        assert_eq!(app.database.count("users_deletions").await, 0);
        auth.purge().await.unwrap();
        poems.fails.store(false, Ordering::SeqCst);
        let ada = app.signed_in("ada", PASSWORD).await;
        assert_eq!(elevated(&ada).await.post("/account/delete", json!({})).await.status, 200);
    }

    async fn a_purge_tries_again_after_a_hook_has_failed(app: App) {
        let (auth, app, poems) = with_poems(&app, Setup::grace()).await;
        referring(&app, "poems", "author", "").await;
        let ada = owner(&app, "ada").await;
        assert_eq!(ada.post("/account/delete", json!({})).await.status, 202);
        app.clock.advance(MONTH);
        poems.fails.store(true, Ordering::SeqCst);
        auth.purge().await.unwrap();
        assert_eq!(app.database.count("users").await, 1);
        poems.fails.store(false, Ordering::SeqCst);
        app.clock.advance(Duration::from_secs(3600));
        auth.purge().await.unwrap();
        assert_eq!(app.database.count("users").await, 0);
    }

    async fn references_are_found_in_the_live_database(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        referring(&app, "letters", "sender", "ON DELETE CASCADE").await;
        referring(&app, "notes", "writer", "ON DELETE SET NULL").await;
        referring(&app, "poems", "author", "").await;
        let found = auth.accounts().self_service().references().await.unwrap();
        let found: Vec<_> =
            found.iter().map(|one| (&*one.table, &*one.column, one.on_delete)).collect();
        let expected = [
            ("letters", "sender", OnDelete::Delete),
            ("notes", "writer", OnDelete::Clear),
            ("poems", "author", OnDelete::Refuse),
        ];
        assert_eq!(found, expected);
    }

    async fn a_row_that_no_hook_handles_is_named(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        referring(&app, "drafts", "author", "").await;
        referring(&app, "poems", "author", "").await;
        let ada = owner(&app, "ada").await;
        let id = ada.id().await;
        app.database.execute(&format!("INSERT INTO poems VALUES (1, {id})")).await;
        let answer = ada.post("/account/delete", json!({})).await;
        assert_eq!((answer.status, answer.code()), (409, "account-in-use".to_owned()));
        assert!(!answer.text.contains("poems"), "a client learns no table: {}", answer.text);

        let accounts = auth.accounts();
        let account = accounts.find(&id).await.unwrap().unwrap();
        assert!(account.is_active(), "the account is open again");
        let application = Principal::application(&account);
        match accounts.self_service().delete(&application, &Proof::default()).await {
            Err(AccountError::Referenced(Some(reference))) => {
                assert_eq!((&*reference.table, &*reference.column), ("poems", "author"));
            }
            result => panic!("{result:?}"),
        }
        app.database.execute("DELETE FROM poems").await;
        let account = accounts.find(&id).await.unwrap().unwrap();
        let application = Principal::application(&account);
        let deleted = accounts.self_service().delete(&application, &Proof::default()).await;
        assert_eq!(deleted.unwrap(), Departure::Deleted);
    }
}
