//! Signing up: stored columns, taken identifiers and notices.

use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth::{Backend, HashingConfig};
use crudauth_tests::{
    App, AppBuilder, Database, Kind, PASSWORD, SECRET, Setting, User, concurrently, count_status,
    on_every_database, sign_up,
};
use poem::{EndpointExt, Route};
use serde_json::json;

const ENROLLED: &str = "If the email is available, check your inbox to finish signing up.";

/// A mount without `email`, which reports taken identifiers.
#[crudauth::routes(user = User, session)]
struct Mute;

/// The cost of hashing of an app that sets none.
struct AtDefaultCost;

impl Setting for AtDefaultCost {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.hashing(HashingConfig::default())
    }
}

async fn app_without_email() -> App {
    let app = App::on(Kind::Sqlite).await;
    let Database::Sqlite(pool) = app.database.clone() else { panic!("not SQLite") };
    let app_without_email =
        Mute::builder(pool, SECRET).trusted_proxy_hops(1).build().await.unwrap();
    app.serving(app_without_email.mount(Route::new()).with(app_without_email).map_to_response())
}

on_every_database! {
    async fn a_sign_up_stores_opted_in_columns_only(app: App) {
        let mut form = sign_up("ada");
        for (name, value) in [
            ("full_name", json!("Ada Lovelace")),
            ("id", json!(77)),
            ("is_superuser", json!(true)),
            ("email_verified", json!(true)),
            ("is_active", json!(false)),
            ("plan", json!("gold")),
            ("token_version", json!(9)),
            ("auth_epoch", json!(0)),
            ("hashed_password", json!("!")),
            ("username_key", json!("bob")),
            ("created_at", json!("1999-01-01T00:00:00")),
        ] {
            form[name] = value;
        }
        let answer = app.browser().post("/register", form).await;
        assert_eq!((answer.status, answer.detail().as_str()), (202, ENROLLED));
        let as_promised = app
            .database
            .number(
                "SELECT COUNT(*) FROM users WHERE full_name = 'Ada Lovelace' AND id <> 77 \
                 AND NOT is_superuser AND NOT email_verified AND is_active AND plan = 'free' \
                 AND token_version = 0 AND auth_epoch <> 0 AND hashed_password <> '!' \
                 AND username_key = 'ada' AND created_at > '2020-01-01'",
            )
            .await;
        assert_eq!(as_promised, 1);
    }

    async fn each_account_has_its_own_argon2id_salt_and_security_stamp(app: App) {
        let app = App::over(app.database.clone(), AtDefaultCost).await;
        for name in ["ada", "bob", "cyd"] {
            app.register(name).await;
        }
        let hashes = app
            .database
            .number(
                "SELECT COUNT(DISTINCT hashed_password) FROM users \
                 WHERE hashed_password LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'",
            )
            .await;
        assert_eq!(hashes, 3, "one password, three hashes");
        let epochs = "SELECT COUNT(DISTINCT auth_epoch) FROM users WHERE auth_epoch > 65536";
        assert_eq!(app.database.number(epochs).await, 3);
    }

    async fn a_sign_up_opens_no_session(app: App) {
        let browser = app.browser();
        let answer = browser.post("/register", sign_up("ada")).await;
        assert_eq!(answer.set_cookies(), Vec::<String>::new());
        assert!(!browser.is_signed_in().await);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users_sessions").await, 0);
        assert_eq!(browser.login("ada", PASSWORD).await.status, 200, "unverified, and may sign in");
    }

    async fn a_taken_address_is_answered_like_a_new_one_and_its_owner_is_notified(app: App) {
        let new = app.register("ada").await;
        assert_eq!(app.mail_count(MessageKind::VerifyEmail, "ada@example.com").await, 1);
        let mut form = sign_up("eve");
        form["email"] = json!("Ada@EXAMPLE.com");
        let taken = app.browser().post("/register", form).await;
        assert_eq!(new.comparable(), taken.comparable());
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
        assert_eq!(app.mail_count(MessageKind::ExistingAccount, "ada@example.com").await, 1);
        assert_eq!(app.mail_count(MessageKind::VerifyEmail, "ada@example.com").await, 1);
        assert!(app.last_mail(MessageKind::ExistingAccount, "ada@example.com").await.link.is_none());
        assert_eq!(app.browser().login("eve", PASSWORD).await.status, 401);
    }

    async fn usernames_are_compared_without_case_and_compatibility_form(app: App) {
        app.browser().post("/register", sign_up("Caf\u{e9}-fi")).await;
        for (at, other) in
            ["caf\u{e9}-fi", "CAF\u{c9}-FI", "cafe\u{301}-fi", "\u{ff23}af\u{e9}-\u{fb01}"]
                .into_iter()
                .enumerate()
        {
            let mut form = sign_up(&format!("other{at}"));
            form["username"] = json!(other);
            let answer = app.browser().post("/register", form).await;
            assert_eq!((answer.status, answer.code().as_str()), (422, "taken"), "{other}");
            assert_eq!(answer.detail(), "Username already taken", "{other}");
        }
        assert_eq!(app.database.text("SELECT username FROM users").await, "Caf\u{e9}-fi");
    }

    async fn twenty_concurrent_sign_ups_with_one_username_store_one(app: App) {
        let answers = concurrently((0..20).map(|at| {
            let mut form = sign_up("ada");
            form["email"] = json!(format!("ada{at}@example.com"));
            if at % 2 == 1 {
                form["username"] = json!("ADA");
            }
            let browser = app.browser();
            async move { browser.post("/register", form).await }
        }))
        .await;
        assert_eq!((count_status(&answers, 202), count_status(&answers, 422)), (1, 19), "{answers:?}");
        for refused in answers.iter().filter(|answer| answer.status == 422) {
            assert_eq!(refused.detail(), "Username already taken");
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
    }

    async fn twenty_concurrent_sign_ups_with_one_address_store_one_and_answer_alike(app: App) {
        let answers = concurrently((0..20).map(|at| {
            let mut form = sign_up(&format!("name{at}"));
            form["email"] = json!(if at % 2 == 0 { "ada@example.com" } else { "ADA@example.COM" });
            let browser = app.browser();
            async move { browser.post("/register", form).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 202), 20, "{answers:?}");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
        assert_eq!(app.mail_count(MessageKind::VerifyEmail, "ada@example.com").await, 1);
        assert_eq!(app.mail_count(MessageKind::ExistingAccount, "ada@example.com").await, 5);
    }

    async fn twenty_equal_concurrent_sign_ups_store_one(app: App) {
        let answers = concurrently((0..20).map(|_| {
            let browser = app.browser();
            async move { browser.post("/register", sign_up("ada")).await }
        }))
        .await;
        assert_eq!((count_status(&answers, 202), count_status(&answers, 422)), (1, 19), "{answers:?}");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
    }

    async fn a_taken_username_is_reported_whoever_has_the_address(app: App) {
        for name in ["ada", "eve"] {
            assert_eq!(app.register(name).await.status, 202);
        }
        let mut seen = Vec::new();
        for address in ["ada@example.com", "eve@example.com", "free@example.com"] {
            seen.push(app.register_as("eve", address).await.comparable());
        }
        assert_eq!(seen[0].0, 422);
        assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
        for address in ["ada@example.com", "eve@example.com"] {
            assert_eq!(app.mail_count(MessageKind::ExistingAccount, address).await, 0);
        }
    }

    async fn a_blank_optional_field_is_stored_as_null(app: App) {
        for (at, (typed, is_null)) in
            [("", true), (" ", true), ("Ada", false)].into_iter().enumerate()
        {
            let mut form = sign_up(&format!("name{at}"));
            form["full_name"] = json!(typed);
            assert_eq!(app.browser().post("/register", form).await.status, 202, "{typed:?}");
            let null = format!("users WHERE username = 'name{at}' AND full_name IS NULL");
            assert_eq!(app.database.count(&null).await, i64::from(is_null), "{typed:?}");
        }
    }
}

#[tokio::test]
async fn an_owner_is_notified_at_most_five_times_an_hour() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    let notices = || app.mail_count(MessageKind::ExistingAccount, "ada@example.com");
    let take = async || app.register_as("eve", "ada@example.com").await.detail();
    for _ in 0..7 {
        assert_eq!(take().await, ENROLLED, "the answer does not change");
    }
    assert_eq!(notices().await, 5);
    app.clock.advance(Duration::from_secs(3601));
    take().await;
    assert_eq!(notices().await, 6);
}

#[tokio::test]
async fn a_taken_username_is_reported_and_a_taken_address_is_not() {
    let app = App::on(Kind::Sqlite).await;
    app.register("ada").await;
    let mut form = sign_up("bob");
    form["username"] = json!("ada");
    let name = app.browser().post("/register", form).await;
    assert_eq!((name.status, name.detail().as_str()), (422, "Username already taken"));
    assert_eq!(app.register_as("bob", "ada@example.com").await.status, 202);
    assert_eq!(app.mail_count(MessageKind::ExistingAccount, "ada@example.com").await, 1);
    assert_eq!(app.mail_count(MessageKind::VerifyEmail, "bob@example.com").await, 0);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
}

#[tokio::test]
async fn a_weak_password_is_rejected_with_its_rule_and_nothing_is_stored() {
    let app = App::on(Kind::Sqlite).await;
    for (password, rule) in [
        ("short", "string_too_short"),
        ("password123", "password_policy"),
        ("Ada@example.com", "password_policy"),
    ] {
        let mut form = sign_up("ada");
        form["password"] = json!(password);
        let answer = app.browser().post("/register", form).await;
        let error = &answer.json()["detail"][0];
        assert_eq!(answer.status, 422);
        assert_eq!((&error["type"], &error["loc"]), (&json!(rule), &json!(["body", "password"])));
        if rule == "string_too_short" {
            assert_eq!(error["ctx"], json!({ "min_length": 8 }));
        }
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 0);
    assert!(app.outbox.messages().is_empty());
}

#[tokio::test]
async fn without_email_the_account_is_returned_and_taken_identifiers_are_reported() {
    let app = app_without_email().await;
    let added = app.register("Ada").await;
    assert_eq!(added.status, 200, "{added:?}");
    let id = app.database.number("SELECT id FROM users").await;
    let shown = json!({ "id": id, "email": "ada@example.com", "username": "Ada" });
    assert_eq!(added.json(), shown);
    let mut form = sign_up("bob");
    form["email"] = json!("ADA@example.com");
    let address = app.browser().post("/register", form).await;
    assert_eq!((address.status, address.detail().as_str()), (422, "Email already registered"));
    let mut form = sign_up("bob");
    form["username"] = json!("ada");
    let name = app.browser().post("/register", form).await;
    assert_eq!((name.status, name.detail().as_str()), (422, "Username already taken"));
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
    assert!(app.outbox.messages().is_empty());
    assert_eq!(app.browser().post("/password/reset-request", json!({})).await.status, 404);
}
