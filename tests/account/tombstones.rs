//! Tombstones: rows of deleted accounts, which stay for the tables that refer to them.

use crudauth::account::AccountError;
use crudauth::admin::{AccountQuery, AdminError, Search};
use crudauth::flow::Proof;
use crudauth::{BuildError, ConfigError, ContactChange, Principal};
use crudauth_tests::{Kind, Log};

use super::*;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users", deleted_at = "left_at")]
#[allow(dead_code, reason = "read by the library only")]
struct Author {
    id: i64,
    email: String,
    username: String,
    #[auth(no_login)]
    phone: Option<String>,
    #[auth(register, erase)]
    full_name: Option<String>,
    #[auth(default = "free", erase = "it's \\ gone")]
    plan: String,
    #[auth(default = 3, erase = -1)]
    points: i64,
    #[auth(default = true, erase = false)]
    is_shown: bool,
    #[auth(register)]
    city: Option<String>,
}

#[crudauth::routes(
    user = Author, session, bearer, api_keys, sessions, tokens, email, mfa, sudo, account, admin
)]
struct Authors;

async fn build<DB: Backend>(app: &App, pool: sqlx::Pool<DB>, grace: Option<Duration>) -> Authors
where
    Author: AuthRow<DB>,
{
    crudauth::migrations!(Authors).run(&pool).await.unwrap();
    let config = AccountConfig::default().keep_rows(true);
    Authors::builder(pool, SECRET)
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .account(grace.map_or(config, |grace| config.grace(grace)))
        .rate_limits(RateLimits::off())
        .hashing(patient_hashing())
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
        .unwrap()
}

async fn authors(app: &App, grace: Option<Duration>) -> (Authors, App) {
    let auth = match app.database.clone() {
        Database::Sqlite(pool) => build(app, pool, grace).await,
        Database::Postgres(pool) => build(app, pool, grace).await,
        Database::MySql(pool) => build(app, pool, grace).await,
    };
    let routes = auth.mount(Route::new()).with(auth.clone()).map_to_response();
    let mailing = auth.clone();
    let app = app.serving(routes.boxed()).waiting_for(move || {
        let auth = mailing.clone();
        async move { auth.drained().await }
    });
    (auth, app)
}

/// Signs up with every column, and returns a browser that is signed in, and the key.
async fn author(app: &App) -> (Browser, i64) {
    let form = json!({
        "email": "ada@example.com", "username": "ada", "phone": "+491701234567",
        "password": PASSWORD, "full_name": "Ada Lovelace", "city": "London",
    });
    assert_eq!(app.browser().post("/register", form).await.status, 202);
    let browser = app.signed_in("ada", PASSWORD).await;
    let id = browser.id().await;
    let row = format!("users WHERE id = {id} AND full_name = 'Ada Lovelace' AND plan = 'free'");
    assert_eq!(app.database.count(&format!("{row} AND points = 3 AND is_shown")).await, 1);
    (browser, id)
}

async fn delete(browser: &Browser) -> Answer {
    browser.post("/account/delete", json!({})).await
}

/// Asserts that the row has lost every trace of its owner, except the columns that the app keeps.
async fn assert_tombstone(app: &App, id: i64) {
    let column = |sql: &str| {
        let sql = format!("SELECT {sql} FROM users WHERE id = {id}");
        async move { app.database.text(&sql).await }
    };
    let [email, name] = [column("email").await, column("username").await];
    assert!(email.ends_with("@deleted.invalid") && name.len() == 16, "{email}, {name}");
    assert_eq!(column("username_key").await, name);
    assert_eq!(column("plan").await, "it's \\ gone");
    assert!(column("hashed_password").await.starts_with('!'));
    let erased = "phone IS NULL AND phone_key IS NULL AND full_name IS NULL AND points = -1";
    let flags = "NOT is_shown AND NOT is_active AND NOT is_superuser AND NOT email_verified";
    let kept = "city = 'London' AND left_at IS NOT NULL";
    let rows = format!("users WHERE id = {id} AND {erased} AND {flags} AND {kept}");
    assert_eq!(app.database.count(&rows).await, 1);
    assert_eq!(rows_of(app, id).await, 1, "no row of a slice is left");
}

on_every_database! {
    async fn a_deleted_account_leaves_its_row_without_its_owner(app: App) {
        let (auth, app) = authors(&app, None).await;
        let (ada, id) = author(&app).await;
        let bob = app.member("bob").await;
        let key = match app.database.kind() {
            Kind::Sqlite => "INTEGER",
            _ => "BIGINT",
        };
        app.database.execute(&format!(
            "CREATE TABLE poems (id INTEGER PRIMARY KEY, author {key} NOT NULL, \
             FOREIGN KEY (author) REFERENCES users (id))"
        )).await;
        app.database.execute(&format!("INSERT INTO poems VALUES (1, {id})")).await;
        app.database.execute(
            "UPDATE users SET is_superuser = TRUE, email_verified = TRUE"
        ).await;
        let key = api_key(&ada).await;
        let (secret, _) = enrol(&app, &ada).await;
        let code = totp(&secret, app.clock.now().timestamp() / 30);
        let proof = json!({ "password": PASSWORD, "code": code });
        assert_eq!(ada.post("/sudo", proof).await.status, 200);
        assert!(rows_of(&app, id).await > 12);
        let stamp = format!("SELECT auth_epoch FROM users WHERE id = {id}");
        let before = app.database.number(&stamp).await;
        let answer = delete(&ada).await;
        assert_eq!((answer.status, answer.detail()), (200, "Account deleted.".to_owned()));
        assert_tombstone(&app, id).await;
        assert_ne!(app.database.number(&stamp).await, before);
        assert_eq!(app.database.count("poems").await, 1);
        assert_eq!(app.mail_count(MessageKind::AccountDeleted, "ada@example.com").await, 1);
        assert_eq!((me_with(&app, &key).await, ada.is_signed_in().await), (401, false));
        assert!(bob.is_signed_in().await, "others keep their accounts");
        assert!(!auth.accounts().find(&id).await.unwrap().unwrap().is_active());
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
        let (again, second) = author(&app).await;
        assert_ne!(second, id, "the names are free");
        assert_eq!(delete(elevated(&again).await).await.status, 200);
        assert_tombstone(&app, second).await;
    }

    async fn a_burial_that_the_database_refuses_leaves_the_account_open(app: App) {
        let (auth, app) = authors(&app, None).await;
        app.database.execute("CREATE UNIQUE INDEX one_score ON users (points)").await;
        let (first, id) = author(&app).await;
        assert_eq!(delete(elevated(&first).await).await.status, 200);
        let (ada, second) = author(&app).await;
        let answer = delete(elevated(&ada).await).await;
        assert_eq!((answer.status, answer.code()), (500, "internal-error".to_owned()));
        assert!(!answer.text.contains("points") && !answer.text.contains("one_score"));
        let ada = app.signed_in("ada", PASSWORD).await;
        assert_eq!(app.database.count("users_deletions").await, 0, "no purge tries again");
        let self_service = auth.accounts().self_service();
        let account = auth.accounts().find(&second).await.unwrap().unwrap();
        let application = Principal::application(&account);
        match self_service.delete(&application, &Proof::default()).await {
            Err(AccountError::Refused(reason)) => {
                assert!(reason.contains("one_score") || reason.contains("points"), "{reason}");
            }
            result => panic!("{result:?}"),
        }
        assert!(!ada.is_signed_in().await);
        let ada = app.signed_in("ada", PASSWORD).await;
        app.database.execute(&format!("UPDATE users SET points = 7 WHERE id = {id}")).await;
        assert_eq!(delete(elevated(&ada).await).await.status, 200);
        assert_tombstone(&app, second).await;
    }

    async fn a_tombstone_stays_as_it_is(app: App) {
        let (auth, app) = authors(&app, None).await;
        let (ada, id) = author(&app).await;
        assert_eq!(delete(elevated(&ada).await).await.status, 200);
        let left_at = format!("SELECT CAST(left_at AS CHAR(40)) FROM users WHERE id = {id}");
        let before = app.database.text(&left_at).await;
        app.clock.advance(MONTH);
        let accounts = auth.accounts();
        let account = accounts.find(&id).await.unwrap().unwrap();
        let application = Principal::application(&account);
        let again = accounts.self_service().delete(&application, &Proof::default()).await;
        assert!(matches!(again, Err(AccountError::Ended)), "{again:?}");
        assert_eq!(app.mail_count(MessageKind::AccountDeleted, &account.user.email).await, 0);
        assert_eq!(app.mail_count(MessageKind::AccountDeleted, "ada@example.com").await, 1);
        assert!(!accounts.enable(&id).await.unwrap());
        let contact = "new@example.com".parse().unwrap();
        assert_eq!(accounts.set_contact(&id, &contact).await.unwrap(), ContactChange::NotFound);
        let admin = accounts.admin();
        let by = admin.authorize(&application, &Proof::default()).await.unwrap();
        for result in [admin.enable(&by, &id).await, admin.promote(&by, &id).await] {
            assert!(matches!(result, Err(AdminError::NotFound)), "{result:?}");
        }
        assert_tombstone(&app, id).await;
        assert_eq!(app.database.text(&left_at).await, before);
    }

    async fn the_row_keeps_its_owner_until_the_grace_period_ends(app: App) {
        let (auth, app) = authors(&app, Some(MONTH)).await;
        let (ada, id) = author(&app).await;
        assert_eq!(delete(elevated(&ada).await).await.status, 202);
        let named = format!("users WHERE id = {id} AND username = 'ada' AND left_at IS NULL");
        assert_eq!(app.database.count(&named).await, 1);
        app.clock.advance(MONTH + Duration::from_secs(1));
        assert_eq!(auth.accounts().self_service().finish_due().await.unwrap(), 1);
        assert_tombstone(&app, id).await;
        assert_eq!(auth.accounts().self_service().finish_due().await.unwrap(), 0);
    }

    async fn rows_are_kept_only_with_a_column_for_the_time_of_deletion(app: App) {
        async fn error<DB: Backend>(pool: sqlx::Pool<DB>) -> BuildError
        where
            Person: AuthRow<DB>,
        {
            crudauth::migrations!(Full).run(&pool).await.unwrap();
            let email = EmailConfig::new(crudauth::PrintingSender, FRONTEND);
            let config = AccountConfig::default().keep_rows(true);
            Plain::builder(pool, SECRET).email(email).account(config).build().await.unwrap_err()
        }
        let error = match app.database.clone() {
            Database::Sqlite(pool) => error(pool).await,
            Database::Postgres(pool) => error(pool).await,
            Database::MySql(pool) => error(pool).await,
        };
        let errors = error.settings();
        assert!(
            matches!(errors, [ConfigError::Requires { setting: "account.keep_rows", .. }]),
            "{errors:?}"
        );
    }
}

crudauth_tests::on_every_pool! {
    async fn a_search_finds_each_deleted_account_of_one_name_once(database, pool) {
        crudauth::migrations!(Authors).run(&pool).await.unwrap();
        for number in 1..=5 {
            // On MySQL the names of deleted accounts stay taken.
            let is_taken = database.kind() == Kind::MySql;
            let name = if is_taken { format!("gone{number}") } else { "gone".to_owned() };
            database.execute(&format!(
                "INSERT INTO users (email, username, username_key, auth_epoch, left_at) VALUES \
                 ('{name}@example.com', '{name}', '{name}', 7, '2020-01-02 03:04:05')"
            )).await;
        }
        let email = EmailConfig::new(crudauth::PrintingSender, FRONTEND);
        let builder = Authors::builder(pool, SECRET).email(email).hashing(patient_hashing());
        let auth = builder.build().await.unwrap();
        for by in ["email", "username"] {
            let mut query = AccountQuery::default();
            query.size = Some(2);
            query.search = Some(Search { by: by.to_owned(), prefix: "GONE".to_owned() });
            let mut found = Vec::new();
            loop {
                let page = auth.accounts().admin().find(&query).await.unwrap();
                found.extend(page.accounts.iter().map(|account| account.user.id));
                query.cursor = page.next;
                if query.cursor.is_none() {
                    break;
                }
            }
            assert_eq!(found, [1, 2, 3, 4, 5], "{by}");
        }
    }
}

/// On one thread, whose log is captured.
#[tokio::test]
async fn a_rule_of_a_foreign_key_that_never_runs_is_logged() {
    for kind in [Kind::Sqlite, Kind::Postgres, Kind::MySql] {
        let app = App::on(kind).await;
        let (_, app) = authors(&app, None).await;
        hooks::referring(&app, "letters", "sender", "ON DELETE CASCADE").await;
        hooks::referring(&app, "poems", "author", "").await;
        let log = Log::listen();
        authors(&app, None).await;
        assert_eq!(log.count("foreign key without effect"), 1, "{}", log.text());
        assert_eq!(log.count("letters"), 1, "{}", log.text());
    }
}
