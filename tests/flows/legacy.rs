//! Hashes of other systems: which verify, and that every rejection costs the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crudauth::Backend;
use crudauth::legacy::{Argon2, Bcrypt, LegacyHash, Pbkdf2, Phpass, Scrypt, WordPress};
use crudauth_tests::{
    App, AppBuilder, Kind, Log, PASSWORD, Setting, concurrently, count_status, on_every_database,
    patient_hashing,
};
use sha2::{Digest, Sha256};

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
        builder.legacy_hash(self.0).hashing(patient_hashing().max_concurrent(1))
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

    async fn the_first_sign_in_replaces_a_hash_of_any_system(app: App) {
        for (at, (stored, _)) in OLD.iter().enumerate() {
            app.register(&format!("name{at}")).await;
            let set = format!("UPDATE users SET hashed_password = '{stored}' WHERE username = 'name{at}'");
            app.database.execute(&set).await;
        }
        let log = Log::listen();
        let app = App::over(app.database.clone(), EveryFormat).await;
        assert_eq!(log.count("password hashes in an unknown format"), 0, "{}", log.text());
        for (at, (stored, password)) in OLD.iter().enumerate() {
            let name = format!("name{at}");
            assert_eq!(app.browser().login(&name, "wrong-strong-one").await.status, 401, "{stored}");
            assert_eq!(app.browser().login(&name, password).await.status, 200, "{stored}");
            let new = format!("SELECT hashed_password FROM users WHERE username = '{name}'");
            assert!(app.database.text(&new).await.starts_with("$argon2id$"), "{stored}");
            assert_eq!(app.browser().login(&name, password).await.status, 200, "{stored}");
        }
    }

    async fn unreadable_hashes_are_counted_by_prefix_at_startup(app: App) {
        let dear = "$argon2id$v=19$m=4194304,t=3,p=1$";
        for (at, stored) in [
            "$1$secretsalt$secrethash",
            "$1$othersalt$secrethash",
            "$2b$04$hN1i5nBVf6K9Wx85KvPN0uzDwZZviOpYOkDm5nGpaWE1FbFXRIbwO",
            "{MD5}secrethash",
            "md5$secretsalt$secrethash",
            "secrethash",
            "secret_hash$salt",
            "100%secret",
            "$argon2id$v=19$m=65536,t=3,p=4$c2VjcmV0c2FsdA$secret",
            &format!("{dear}c2VjcmV0c2FsdA$secret"),
            "!",
            "",
        ]
        .into_iter()
        .enumerate()
        {
            app.register(&format!("name{at}")).await;
            let set = format!("UPDATE users SET hashed_password = '{stored}' WHERE username = 'name{at}'");
            app.database.execute(&set).await;
        }
        app.register("own").await;
        let log = Log::listen();
        App::over(app.database.clone(), ()).await;
        let lines: Vec<_> = log.text().lines().filter(|line| line.contains("WARN")).map(str::to_owned).collect();
        let counted = |prefix: &str, count: u64, message: &str| {
            let parts = [&format!("prefix=\"{prefix}\""), &format!("count={count}"), message];
            assert!(lines.iter().any(|line| parts.iter().all(|part| line.contains(*part))), "{prefix} {lines:#?}");
        };
        let unknown = "password hashes in an unknown format";
        counted("$1$", 2, unknown);
        counted("{MD5}", 1, unknown);
        counted("md5$", 1, unknown);
        counted("", 3, unknown);
        counted(dear, 1, "above the cost that is read");
        assert_eq!(lines.iter().filter(|line| line.contains("prefix=")).count(), 5, "{lines:#?}");
        for secret in ["secretsalt", "othersalt", "secrethash", "secret_hash", "%secret", "$secret"] {
            assert!(!log.text().contains(secret), "{secret}: {}", log.text());
        }
    }

    async fn a_column_of_hashes_without_a_prefix_is_read_by_one_format(app: App) {
        for name in ["ada", "old"] {
            app.register(name).await;
        }
        let old = format!("UPDATE users SET hashed_password = '{}' WHERE username = 'old'", FixedSalt.of(PASSWORD.as_bytes()));
        app.database.execute(&old).await;
        let log = Log::listen();
        let app = App::over(app.database.clone(), FixedSalt).await;
        assert_eq!(log.count("WARN"), 0, "{}", log.text());
        assert_eq!(log.count("legacy hash format in use"), 1, "{}", log.text());
        let hash = FixedSalt.of(PASSWORD.as_bytes());
        for (name, password) in [("old", "another-strong-one"), ("old", &*hash), ("ada", &*hash)] {
            assert_eq!(app.browser().login(name, password).await.status, 401, "{name}");
        }
        for name in ["old", "ada", "old"] {
            assert_eq!(app.browser().login(name, PASSWORD).await.status, 200, "{name}");
        }
        assert_eq!(app.database.count("users WHERE hashed_password LIKE '$argon2id$%'").await, 2);
    }
}

/// Hashes of a low cost and their passwords. The formats' unit tests state how each was made.
const OLD: [(&str, &str); 10] = [
    ("$2y$04$ooNt7e4yOi/DE/600HUYVOVkF0Z771WnP2ChLp/gabPh/LRm144e.", "Grüße, Zoë"),
    ("{bcrypt}$2y$04$ooNt7e4yOi/DE/600HUYVOVkF0Z771WnP2ChLp/gabPh/LRm144e.", "Grüße, Zoë"),
    ("bcrypt_sha256$$2b$04$mSL7IglceOXiqe6PlL8g/ewalPRhCqMblSCOY1mkNYPD47fv8m12O", "Grüße, Zoë"),
    (
        "argon2$argon2id$v=19$m=256,t=2,p=8$c2Vhc2FsdHNlYXNhbHQ$\
         35B/voR+qBZyGw7T2h0uX3L82US6DN58paVrJ+KrJ+8",
        "Grüße, Zoë",
    ),
    ("pbkdf2_sha256$1000$seasalt$Su3wXYanlxubUEffMqsnBxsKiA4Fy1Ou11EHjbZmLsM=", "Grüße, Zoë"),
    (
        "pbkdf2:sha256:1000$jzNCCmzs5r7Rmadq$\
         aa7cd9f0f6a039c94d9c99dbd8e837cc2e2fb75386b1c75147a50eb7f501657a",
        "Grüße, Zoë",
    ),
    (
        "$scrypt$ln=10,r=8,p=1$37sXwpgTYsxZy7k3RmgtRQ$w7ROuL4zlkydjYmgrLDF/ahU4Zs5Y81FHPA0Mo4Yyo8",
        "Grüße, Zoë",
    ),
    ("$P$5abcdefghQ4mUQq/HsynG95CGXTC4z/", "Grüße, Zoë"),
    ("$wp$2y$04$7vwA162GpPa/tZMyXtQ.gOEk6wSJO183WcyHgdGAng2.5JnLXNeuu", "Grüße, Zoë"),
    (
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "password",
    ),
];

/// Configures every shipped format at the cost of the hashes above.
struct EveryFormat;

impl Setting for EveryFormat {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder
            .legacy_hash(Bcrypt::default().cost(4))
            .legacy_hash(Argon2::default().cost(256, 2))
            .legacy_hash(Pbkdf2::default().iterations(1000))
            .legacy_hash(Scrypt::default().cost(10, 8, 1))
            .legacy_hash(Phpass::default().cost(7))
            .legacy_hash(WordPress::default().cost(4))
    }
}

/// SHA-256 in hexadecimal digits, with one salt for all accounts.
struct FixedSalt;

impl FixedSalt {
    fn of(&self, password: &[u8]) -> String {
        hex::encode(Sha256::new().chain_update("salt").chain_update(password).finalize())
    }
}

impl LegacyHash for FixedSalt {
    fn prefixes(&self) -> &'static [&'static str] {
        &[""]
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        self.of(password) == stored
    }

    fn decoy(&self) -> String {
        self.of(b"decoy")
    }
}

impl Setting for FixedSalt {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.legacy_hash(self)
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
