//! Hashes of other systems: which verify, and that every rejection costs the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crudauth::legacy::{Bcrypt, LegacyHash};
use crudauth::{Backend, HashingConfig};
use crudauth_tests::{
    App, AppBuilder, Kind, Log, PASSWORD, Setting, concurrently, count_status, on_every_database,
};

/// A format that counts its verifications.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl LegacyHash for Counting {
    fn prefixes(&self) -> &'static [&'static str] {
        &["$count$"]
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        self.0.fetch_add(1, Ordering::SeqCst);
        stored.as_bytes().strip_prefix(b"$count$") == Some(password)
    }

    fn decoy(&self) -> String {
        "$count$\0".to_owned()
    }
}

/// Configures the format.
struct Named(Bcrypt);

impl Setting for Named {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.legacy_hash(self.0)
    }
}

impl Setting for Counting {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.legacy_hash(self)
    }
}

/// An app in which the account `old` has a hash of the format.
async fn app(kind: Kind) -> (App, Counting) {
    let format = Counting::default();
    let app = App::with(kind, format.clone()).await;
    for name in ["ada", "old", "gone"] {
        app.member(name).await;
    }
    let old =
        format!("UPDATE users SET hashed_password = '$count${PASSWORD}' WHERE username = 'old'");
    app.database.execute(&old).await;
    app.database.execute("UPDATE users SET is_active = FALSE WHERE username = 'gone'").await;
    let app = App::over(app.database.clone(), format.clone()).await;
    format.0.store(0, Ordering::SeqCst);
    (app, format)
}

/// The status of a sign-in and the number of verifications by the format.
async fn sign_in_counted(app: &App, format: &Counting, name: &str, password: &str) -> (u16, usize) {
    let before = format.0.load(Ordering::SeqCst);
    let status = app.browser().login(name, password).await.status;
    (status, format.0.load(Ordering::SeqCst) - before)
}

#[tokio::test]
async fn every_rejection_verifies_a_format_in_use_once_and_our_own_hash_never_does() {
    let (app, format) = app(Kind::Sqlite).await;
    let wrong = "another-strong-one";
    assert_eq!(sign_in_counted(&app, &format, "unknown", wrong).await, (401, 1));
    assert_eq!(sign_in_counted(&app, &format, "ada", wrong).await, (401, 1));
    assert_eq!(sign_in_counted(&app, &format, "old", wrong).await, (401, 1));
    assert_eq!(sign_in_counted(&app, &format, "gone", wrong).await, (401, 1));
    // A disabled account is rejected like any other, with the right password too.
    assert_eq!(sign_in_counted(&app, &format, "gone", PASSWORD).await, (401, 1));
    assert_eq!(sign_in_counted(&app, &format, "ada", PASSWORD).await, (200, 0));
}

/// Verifies passwords one at a time, so that many guesses wait for the first.
struct Queued(Counting);

impl Setting for Queued {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.legacy_hash(self.0).hashing(HashingConfig::default().max_concurrent(1))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_password_rejected_by_a_lock_costs_as_much_as_a_wrong_one() {
    let (app, format) = app(Kind::Sqlite).await;
    let app = App::over(app.database.clone(), Queued(format.clone())).await;
    let mut verified = Vec::new();
    for round in 0..10 {
        let name = format!("name{round}");
        app.register(&name).await;
        let before = format.0.load(Ordering::SeqCst);
        // The right password comes last, when the wrong ones have locked the account.
        let answers = concurrently((0..24).map(|at| {
            let browser = app.browser();
            let name = name.clone();
            let password = if at == 23 { PASSWORD } else { "another-strong-one" };
            async move { browser.login(&name, password).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 0, "{answers:?}");
        verified.push(format.0.load(Ordering::SeqCst) - before);
        if verified.last() == Some(&24) {
            return;
        }
        // Some came after the lock and were rejected without a verification.
    }
    panic!("the right password costs less: {verified:?} verifications of 24");
}

#[tokio::test]
async fn an_old_hash_is_replaced_at_the_first_sign_in() {
    let (app, format) = app(Kind::Sqlite).await;
    assert_eq!(sign_in_counted(&app, &format, "old", PASSWORD).await, (200, 1));
    let stored = "SELECT hashed_password FROM users WHERE username = 'old'";
    assert!(app.database.text(stored).await.starts_with("$argon2id$"));
    assert_eq!(sign_in_counted(&app, &format, "old", PASSWORD).await, (200, 0));
}

#[tokio::test]
async fn an_old_hash_verifies_wherever_a_password_is_checked() {
    let (app, _) = app(Kind::Sqlite).await;
    let old = app.signed_in("old", PASSWORD).await;
    let again =
        format!("UPDATE users SET hashed_password = '$count${PASSWORD}' WHERE username = 'old'");
    app.database.execute(&again).await;
    assert_eq!(old.change_password("wrong-strong-one", "third-strong-one").await.status, 401);
    assert_eq!(old.change_password(PASSWORD, "third-strong-one").await.status, 200);
    assert!(app.signed_in("old", "third-strong-one").await.is_signed_in().await);
}

on_every_database! {
    async fn unreadable_hashes_are_reported_at_startup(app: App) {
        app.register("ada").await;
        app.register("old").await;
        let line = "password hashes in an unknown format";
        let started = async |hash: &str| {
            let set = format!("UPDATE users SET hashed_password = '{hash}' WHERE username = 'old'");
            app.database.execute(&set).await;
            let log = Log::listen();
            App::over(app.database.clone(), Counting::default()).await;
            log.count(line)
        };
        assert_eq!(started("!").await, 0, "no password");
        assert_eq!(started("").await, 0);
        assert_eq!(started("$count$x").await, 0, "a format of the app's reads it");
        assert_eq!(started("5f4dcc3b5aa765d61d8327deb882cf99").await, 1, "bare MD5");
    }
}

#[tokio::test]
async fn an_ambiguous_bcrypt_prefix_is_reported_until_both_formats_are_listed() {
    let app = App::on(Kind::Sqlite).await;
    app.register("old").await;
    let hash = "$2b$12$abcdefghijklmnopqrstuuFuk2kCPLI.4y8AzrrI4H8VB7xZhEAGO";
    app.database.execute(&format!("UPDATE users SET hashed_password = '{hash}'")).await;
    let reports = async |setting: Option<Bcrypt>| {
        let log = Log::listen();
        match setting {
            Some(bcrypt) => App::over(app.database.clone(), Named(bcrypt)).await,
            None => App::over(app.database.clone(), ()).await,
        };
        log.count("bcrypt hashes are treated as crudauth-py's")
    };
    assert_eq!(reports(None).await, 1);
    assert_eq!(reports(Some(Bcrypt::default())).await, 0);
}
