//! What `build()` refuses: settings that cannot be right, all of them in one answer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crudauth::email::{OutboxConfig, RecordingSender};
use crudauth::legacy::{CrudauthPy, LegacyHash};
use crudauth::{
    Allowance, Allowances, BuildError, CookieConfig, EmailConfig, HashingConfig, LockoutConfig,
    SessionConfig, StoreError, migrations,
};
use crudauth_tests::{Auth, Database, FRONTEND, Kind, SECRET, Unbuilt, User, on_every_pool};
use sqlx::{Sqlite, SqlitePool};

const OLD_SECRET: &str = "an-older-secret-of-at-least-32-bytes-1234";
const SECOND: Duration = Duration::from_secs(1);

/// A pool for a database that lacks nothing.
fn pool() -> SqlitePool {
    static URL: OnceLock<String> = OnceLock::new();
    let make = || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let url = Database::create_empty(Kind::Sqlite).await;
            let Database::Sqlite(pool) = Database::connect(&url).await else { unreachable!() };
            migrations!(User).run(&pool).await.unwrap();
            url
        })
    };
    let url = URL.get_or_init(|| std::thread::spawn(make).join().unwrap());
    SqlitePool::connect_lazy(url).unwrap()
}

fn email(url: &str) -> EmailConfig {
    EmailConfig::new(RecordingSender::default(), url)
}

fn right() -> Unbuilt<Sqlite> {
    Auth::builder(pool(), SECRET).email(email(FRONTEND))
}

async fn mistakes(builder: Unbuilt<Sqlite>) -> Vec<String> {
    let error = builder.build().await.unwrap_err();
    assert_eq!(error.to_string(), error.mistakes().join("; "));
    error.mistakes().to_vec()
}

fn sessions(change: impl FnOnce(&mut SessionConfig)) -> Unbuilt<Sqlite> {
    let mut config = SessionConfig::default();
    change(&mut config);
    right().session(config)
}

fn lockout(change: impl FnOnce(&mut LockoutConfig)) -> Unbuilt<Sqlite> {
    let mut config = LockoutConfig::default();
    change(&mut config);
    right().lockout(config)
}

fn cookies(mut config: CookieConfig, change: impl FnOnce(&mut CookieConfig)) -> Unbuilt<Sqlite> {
    change(&mut config);
    right().cookies(config)
}

fn allowances(change: impl FnOnce(&mut Allowances)) -> Unbuilt<Sqlite> {
    let mut config = Allowances::default();
    change(&mut config);
    right().allowances(config)
}

/// Each is refused for one reason, which names what is wrong.
async fn each_is_told<const N: usize>(cases: [(Unbuilt<Sqlite>, &str); N]) {
    for (builder, named) in cases {
        let told = mistakes(builder).await;
        assert_eq!(told.len(), 1, "{named}: {told:?}");
        assert!(told[0].contains(named), "{named}: {told:?}");
    }
}

#[tokio::test]
async fn what_is_not_said_is_right_and_so_is_what_is_hardened() {
    right().build().await.unwrap();
    right().hardened().build().await.unwrap();
    right().previous_secrets([OLD_SECRET]).build().await.unwrap();
    right().cookies(CookieConfig::default().insecure()).build().await.unwrap();
    let hashing = HashingConfig::default();
    right().hashing(hashing.memory_kib(7_168).passes(5)).build().await.unwrap();
    allowances(|config| config.register = Allowance::per_hour(1000)).build().await.unwrap();
    let off = |config: &mut Allowances| config.register = allowance(0, Duration::ZERO);
    allowances(off).build().await.unwrap();
}

fn allowance(times: u32, within: Duration) -> Allowance {
    let mut allowance = Allowance::per_hour(times);
    allowance.within = within;
    allowance
}

#[tokio::test]
async fn a_guessable_secret_is_refused() {
    let of = |secret: &str| Auth::builder(pool(), secret).email(email(FRONTEND));
    each_is_told([
        (of(""), "the secret key has 0 bytes and needs at least 32"),
        (of(&SECRET[..31]), "the secret key has 31 bytes"),
        (of(&"ab".repeat(20)), "the secret key repeats a few characters"),
        (right().previous_secrets(["short"]), "5 bytes"),
        (right().previous_secrets([OLD_SECRET, &"x".repeat(40)]), "repeats a few characters"),
    ])
    .await;
}

#[tokio::test]
async fn every_weak_secret_is_told_and_which_it_is() {
    let weak = Auth::builder(pool(), "short").email(email(FRONTEND)).previous_secrets(["old"]);
    let told = mistakes(weak).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|mistake| mistake.contains("previous")), "{told:?}");
}

#[tokio::test]
async fn sessions_that_end_at_once_or_are_none_are_refused() {
    each_is_told([
        (sessions(|config| config.cap = 0), "`cap` must be at least 1"),
        (sessions(|config| config.idle = SECOND * 59), "`idle` must be one minute to 100 years"),
        (sessions(|config| config.remembered_idle = SECOND), "`remembered_idle`"),
        (sessions(|config| config.absolute = Some(SECOND)), "`absolute`"),
    ])
    .await;
}

#[tokio::test]
async fn a_lockout_that_locks_everybody_or_nobody_is_refused() {
    each_is_told([
        (lockout(|config| config.free_attempts = 0), "`free_attempts` must be at least 1"),
        (lockout(|config| config.longest = SECOND * 59), "`longest` must not be shorter"),
        (lockout(|config| config.first = Duration::ZERO), "must be one second to 100 years"),
        (lockout(|config| config.window = Duration::ZERO), "must be one second to 100 years"),
    ])
    .await;
}

#[tokio::test]
async fn cookies_that_a_browser_would_drop_are_refused() {
    let plain = CookieConfig::default;
    let hardened = || plain().hardened();
    each_is_told([
        (cookies(plain(), |config| config.session = "my id".to_owned()), "`my id` is no name"),
        (cookies(plain(), |config| config.csrf = String::new()), "`` is no name"),
        (cookies(plain(), |config| config.refresh = "a b".to_owned()), "`a b` is no name"),
        (cookies(plain(), |config| config.device = "a;b".to_owned()), "`a;b` is no name"),
        (cookies(plain(), |config| config.csrf = config.session.clone()), "a name of its own"),
        (cookies(plain(), |config| config.device = config.csrf.clone()), "a name of its own"),
        (cookies(plain(), |config| config.refresh = config.session.clone()), "a name of its own"),
        (cookies(plain(), |config| config.path = "app".to_owned()), "must start with `/`"),
        (cookies(plain(), |config| config.path = "/a; Domain=x".to_owned()), "the path"),
    ])
    .await;
    let secure = |config: &mut CookieConfig| config.session = "__Secure-id".to_owned();
    each_is_told([(cookies(plain().insecure(), secure), "`__Secure-id` needs `secure`")]).await;
    for (name, told) in [
        ("needs `secure`", mistakes(right().cookies(hardened().insecure())).await),
        ("needs the path `/`", mistakes(cookies(hardened(), |config| config.path += "app")).await),
    ] {
        assert_eq!(told.len(), 4, "each of the four: {told:?}");
        assert!(told.iter().all(|one| one.contains("`__Host-") && one.contains(name)), "{told:?}");
    }
}

#[tokio::test]
async fn allowances_that_cannot_be_counted_are_refused() {
    each_is_told([
        (allowances(|config| config.register = Allowance::per_hour(1001)), "`register` may be"),
        (allowances(|config| config.confirm = allowance(5, Duration::ZERO)), "`confirm` must be"),
    ])
    .await;
}

#[tokio::test]
async fn hashing_below_owasps_minimum_or_without_a_seat_is_refused() {
    let hashing = HashingConfig::default;
    each_is_told([
        (right().hashing(hashing().memory_kib(19_455)), "is too cheap"),
        (right().hashing(hashing().passes(1)), "is too cheap"),
        (right().hashing(hashing().seats(0)), "at least one seat"),
        (right().hashing(hashing().memory_kib(1 << 30)), "is too expensive"),
        (right().hashing(hashing().lanes(0)), "0 lanes"),
    ])
    .await;
}

/// A format of which everything is as it says.
struct Said(&'static [&'static str], &'static str);

impl LegacyHash for Said {
    fn prefixes(&self) -> &'static [&'static str] {
        self.0
    }

    fn verify(&self, _: &[u8], _: &str) -> bool {
        false
    }

    fn decoy(&self) -> String {
        assert!(!self.1.is_empty(), "out of patience");
        self.1.to_owned()
    }
}

#[tokio::test]
async fn formats_of_old_hashes_that_cannot_be_right_are_refused() {
    right().legacy_hash(Said(&["{a}"], "{a}x")).build().await.unwrap();
    each_is_told([
        (right().legacy_hash(Said(&[], "x")), "names no prefix"),
        (right().legacy_hash(Said(&["{a}"], "")), "or panics"),
        (right().legacy_hash(Said(&["{a}", ""], "x")), "that of hashes of ours"),
        (right().legacy_hash(Said(&["$argon2"], "$argon2")), "that of hashes of ours"),
        (right().legacy_hash(Said(&["$argon2id$v=1"], "$argon2id$v=1")), "that of hashes of ours"),
        (right().legacy_hash(Said(&["{a}"], "{b}x")), "has none of its prefixes"),
        (right().legacy_hash(Arc::new(CrudauthPy)), "is there twice"),
    ])
    .await;
}

#[tokio::test]
async fn links_that_lead_nowhere_or_die_at_once_are_refused() {
    let of = |config: EmailConfig| Auth::builder(pool(), SECRET).email(config);
    let hour = SECOND * 3600;
    each_is_told([
        (of(email("app.example.com")), "the front end's URL"),
        (of(email("https://app.example.com?next=")), "the front end's URL"),
        (of(email("javascript:alert(1)")), "the front end's URL"),
        (of(email(FRONTEND).reset_link("/reset", SECOND * 59)), "the reset link must work"),
        (of(email(FRONTEND).verify_link("/verify", SECOND)), "the verify link must work"),
        (of(email(FRONTEND).change_link("/change", SECOND)), "the change link must work"),
        (of(email(FRONTEND).reset_link("/reset?a=b", hour)), "the reset link must be a plain path"),
        (of(email(FRONTEND).verify_link("verify", hour)), "the verify link must be a plain path"),
    ])
    .await;
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once_and_no_secret_with_it() {
    let short = "a-short-s3cret";
    let (mut session, mut lock) = (SessionConfig::default(), LockoutConfig::default());
    (session.cap, session.idle) = (0, SECOND);
    (lock.free_attempts, lock.longest) = (0, SECOND);
    let mut allowed = Allowances::default();
    (allowed.register, allowed.confirm) = (allowance(5000, SECOND), allowance(1, Duration::ZERO));
    let builder = Auth::builder(pool(), short)
        .email(email("nowhere").reset_link("reset", SECOND))
        .previous_secrets([OLD_SECRET])
        .session(session)
        .lockout(lock)
        .allowances(allowed)
        .hashing(HashingConfig::default().passes(1))
        .cookies(CookieConfig::default().hardened().insecure());
    assert!(!format!("{builder:?}").contains("s3cret"));
    let error = builder.build().await.unwrap_err();
    assert_eq!(error.mistakes().len(), 15, "{error}");
    for part in ["secret key", "`cap`", "`idle`", "`free_attempts`", "`longest`", "`register`"] {
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    for secret in [short, "s3cret", OLD_SECRET] {
        assert!(!format!("{error} {error:?}").contains(secret));
    }
    let debug = format!("{:?} {:?}", right().previous_secrets([OLD_SECRET]), right().build().await);
    assert!(!debug.contains(SECRET) && !debug.contains(OLD_SECRET), "{debug}");
}

#[tokio::test]
async fn everything_that_is_wrong_with_hashing_is_told_at_once() {
    let told =
        mistakes(right().hashing(HashingConfig::default().seats(0).passes(1).lanes(0))).await;
    assert_eq!(told.len(), 3, "{told:?}");
}

#[tokio::test]
async fn a_time_that_no_calendar_reaches_is_refused() {
    let of = |config: EmailConfig| Auth::builder(pool(), SECRET).email(config);
    each_is_told([
        (sessions(|config| config.idle = Duration::MAX), "`idle`"),
        (sessions(|config| config.remembered_idle = Duration::MAX), "`remembered_idle`"),
        (sessions(|config| config.absolute = Some(Duration::MAX)), "`absolute`"),
        (lockout(|config| config.window = Duration::MAX), "`window`"),
        (lockout(|config| config.memory = Duration::MAX), "`memory`"),
        (lockout(|config| config.longest = Duration::MAX), "`longest`"),
        (allowances(|config| config.confirm = allowance(5, Duration::MAX)), "`confirm`"),
        (of(email(FRONTEND).reset_link("/reset", Duration::MAX)), "reset link"),
    ])
    .await;
}

#[tokio::test]
async fn an_outbox_that_sends_nothing_is_refused() {
    let none = OutboxConfig::default().at_once(0);
    let never = OutboxConfig::default().time_limit(Duration::ZERO);
    each_is_told([(right().outbox(none), "`at_once`"), (right().outbox(never), "`time_limit`")])
        .await;
}

on_every_pool! {
    async fn a_database_that_lacks_something_is_refused_with_what_it_lacks(database, pool) {
        let build = async || {
            let settings = EmailConfig::new(RecordingSender::default(), FRONTEND);
            Auth::builder(pool.clone(), SECRET).email(settings).build().await
        };
        let told = build().await.unwrap_err().to_string();
        assert!(told.contains("CREATE TABLE") && told.contains("migrations!(Auth)"), "{told}");
        migrations!(User).run(&pool).await.unwrap();
        build().await.unwrap();
        database.execute("ALTER TABLE users DROP COLUMN full_name").await;
        let told = build().await.unwrap_err().to_string();
        assert!(told.contains("ADD COLUMN") && told.contains("full_name"), "{told}");
        migrations!(User).run(&pool).await.unwrap();
        database.execute("DROP TABLE users_lockouts").await;
        let told = build().await.unwrap_err().to_string();
        assert!(told.contains("users_lockouts"), "{told}");
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_told_apart_from_what_is_wrong() {
    let away = pool();
    away.close().await;
    let Err(BuildError::Database(error)) = built(away, SECRET).await else { panic!() };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    let away = pool();
    away.close().await;
    let Err(BuildError::Mistakes(mistakes)) = built(away, "short").await else { panic!() };
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
}

async fn built(pool: SqlitePool, secret: &str) -> Result<Auth, BuildError> {
    Auth::builder(pool, secret).email(email(FRONTEND)).build().await
}
