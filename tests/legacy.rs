//! Hashes of other systems at the door: who is let in, and that a refusal costs the same for
//! everybody.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crudauth::Backend;
use crudauth::legacy::{Bcrypt, LegacyHash};
use crudauth_tests::{App, Kind, Log, PASSWORD, Setting, Unbuilt, on_every_database};

/// A format that counts how often it is asked.
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

/// A format that is named.
struct Named(Bcrypt);

impl Setting for Named {
    fn set<DB: Backend>(self, builder: Unbuilt<DB>) -> Unbuilt<DB> {
        builder.legacy_hash(self.0)
    }
}

impl Setting for Counting {
    fn set<DB: Backend>(self, builder: Unbuilt<DB>) -> Unbuilt<DB> {
        builder.legacy_hash(self)
    }
}

/// An app in which `old` has a hash of the format, which is in use by that.
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

/// What a sign-in answers, and how often it asked the format.
async fn asked(app: &App, format: &Counting, name: &str, password: &str) -> (u16, usize) {
    let before = format.0.load(Ordering::SeqCst);
    let status = app.browser().login(name, password).await.status;
    (status, format.0.load(Ordering::SeqCst) - before)
}

#[tokio::test]
async fn every_refusal_asks_a_format_in_use_once_and_a_hit_of_ours_never() {
    let (app, format) = app(Kind::Sqlite).await;
    let wrong = "another-strong-one";
    assert_eq!(asked(&app, &format, "nobody", wrong).await, (401, 1));
    assert_eq!(asked(&app, &format, "ada", wrong).await, (401, 1));
    assert_eq!(asked(&app, &format, "old", wrong).await, (401, 1));
    assert_eq!(asked(&app, &format, "gone", wrong).await, (401, 1));
    // The right password of a disabled account is a refusal like the others.
    assert_eq!(asked(&app, &format, "gone", PASSWORD).await, (401, 1));
    assert_eq!(asked(&app, &format, "ada", PASSWORD).await, (200, 0));
}

#[tokio::test]
async fn an_old_hash_is_replaced_at_the_first_sign_in_and_asked_no_more() {
    let (app, format) = app(Kind::Sqlite).await;
    assert_eq!(asked(&app, &format, "old", PASSWORD).await, (200, 1));
    let stored = "SELECT hashed_password FROM users WHERE username = 'old'";
    assert!(app.database.text(stored).await.starts_with("$argon2id$"));
    assert_eq!(asked(&app, &format, "old", PASSWORD).await, (200, 0));
}

#[tokio::test]
async fn a_password_under_an_old_hash_is_one_wherever_it_is_asked_for() {
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
    async fn hashes_that_nothing_reads_are_told_at_the_start(app: App) {
        app.register("ada").await;
        app.register("old").await;
        let line = "found password hashes of an unknown format";
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
async fn bcrypt_that_may_be_another_system_s_is_told_until_both_readers_are_named() {
    let app = App::on(Kind::Sqlite).await;
    app.register("old").await;
    let hash = "$2b$12$abcdefghijklmnopqrstuuFuk2kCPLI.4y8AzrrI4H8VB7xZhEAGO";
    app.database.execute(&format!("UPDATE users SET hashed_password = '{hash}'")).await;
    let told = async |setting: Option<Bcrypt>| {
        let log = Log::listen();
        match setting {
            Some(bcrypt) => App::over(app.database.clone(), Named(bcrypt)).await,
            None => App::over(app.database.clone(), ()).await,
        };
        log.count("bcrypt looks the same whoever made it")
    };
    assert_eq!(told(None).await, 1);
    assert_eq!(told(Some(Bcrypt::default())).await, 0);
}
