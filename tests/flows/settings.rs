//! Settings that `build()` rejects, all of them in one error.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crudauth::email::{OutboxConfig, RecordingSender};
use crudauth::legacy::{CrudauthPy, LegacyHash};
use crudauth::{
    Allowance, Allowances, BuildError, CookieConfig, EmailConfig, HashingConfig, LockoutConfig,
    SessionConfig, StoreError, migrations,
};
use crudauth_tests::{AppBuilder, Auth, Database, FRONTEND, Kind, SECRET, User, on_every_pool};
use sqlx::{Sqlite, SqlitePool};

const OLD_SECRET: &str = "an-older-secret-of-at-least-32-bytes-1234";
const SECOND: Duration = Duration::from_secs(1);

/// A pool on a fully migrated database.
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

fn valid() -> AppBuilder<Sqlite> {
    Auth::builder(pool(), SECRET).email(email(FRONTEND))
}

async fn config_errors(builder: AppBuilder<Sqlite>) -> Vec<String> {
    let error = builder.build().await.unwrap_err();
    assert_eq!(error.to_string(), error.mistakes().join("; "));
    error.mistakes().to_vec()
}

fn sessions(change: impl FnOnce(&mut SessionConfig)) -> AppBuilder<Sqlite> {
    let mut config = SessionConfig::default();
    change(&mut config);
    valid().session(config)
}

fn lockout(change: impl FnOnce(&mut LockoutConfig)) -> AppBuilder<Sqlite> {
    let mut config = LockoutConfig::default();
    change(&mut config);
    valid().lockout(config)
}

fn cookies(mut config: CookieConfig, change: impl FnOnce(&mut CookieConfig)) -> AppBuilder<Sqlite> {
    change(&mut config);
    valid().cookies(config)
}

fn allowances(change: impl FnOnce(&mut Allowances)) -> AppBuilder<Sqlite> {
    let mut config = Allowances::default();
    change(&mut config);
    valid().allowances(config)
}

/// Asserts that each is rejected for one reason that contains the text.
async fn assert_each_rejected<const N: usize>(cases: [(AppBuilder<Sqlite>, &str); N]) {
    for (builder, named) in cases {
        let errors = config_errors(builder).await;
        assert_eq!(errors.len(), 1, "{named}: {errors:?}");
        assert!(errors[0].contains(named), "{named}: {errors:?}");
    }
}

#[tokio::test]
async fn default_and_hardened_settings_are_valid() {
    valid().build().await.unwrap();
    valid().hardened().build().await.unwrap();
    valid().previous_secrets([OLD_SECRET]).build().await.unwrap();
    valid().cookies(CookieConfig::default().insecure()).build().await.unwrap();
    let hashing = HashingConfig::default();
    valid().hashing(hashing.memory_kib(7_168).passes(5)).build().await.unwrap();
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
async fn a_guessable_secret_is_rejected() {
    let of = |secret: &str| Auth::builder(pool(), secret).email(email(FRONTEND));
    assert_each_rejected([
        (of(""), "the secret key has 0 bytes and needs at least 32"),
        (of(&SECRET[..31]), "the secret key has 31 bytes"),
        (of(&"ab".repeat(20)), "the secret key repeats a few characters"),
        (valid().previous_secrets(["short"]), "5 bytes"),
        (valid().previous_secrets([OLD_SECRET, &"x".repeat(40)]), "repeats a few characters"),
    ])
    .await;
}

#[tokio::test]
async fn every_weak_secret_is_reported_with_its_position() {
    let weak = Auth::builder(pool(), "short").email(email(FRONTEND)).previous_secrets(["old"]);
    let errors = config_errors(weak).await;
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors.iter().any(|mistake| mistake.contains("previous")), "{errors:?}");
}

#[tokio::test]
async fn session_limits_of_zero_are_rejected() {
    assert_each_rejected([
        (sessions(|config| config.cap = 0), "`cap` must be at least 1"),
        (sessions(|config| config.idle = SECOND * 59), "`idle` must be one minute to 100 years"),
        (sessions(|config| config.remembered_idle = SECOND), "`remembered_idle`"),
        (sessions(|config| config.absolute = Some(SECOND)), "`absolute`"),
    ])
    .await;
}

#[tokio::test]
async fn lockout_limits_of_zero_are_rejected() {
    assert_each_rejected([
        (lockout(|config| config.free_attempts = 0), "`free_attempts` must be at least 1"),
        (lockout(|config| config.longest = SECOND * 59), "`longest` must not be shorter"),
        (lockout(|config| config.first = Duration::ZERO), "must be one second to 100 years"),
        (lockout(|config| config.window = Duration::ZERO), "must be one second to 100 years"),
    ])
    .await;
}

#[tokio::test]
async fn cookies_that_a_browser_drops_are_rejected() {
    let plain = CookieConfig::default;
    let hardened = || plain().hardened();
    assert_each_rejected([
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
    assert_each_rejected([(cookies(plain().insecure(), secure), "`__Secure-id` needs `secure`")])
        .await;
    for (name, errors) in [
        ("needs `secure`", config_errors(valid().cookies(hardened().insecure())).await),
        (
            "needs the path `/`",
            config_errors(cookies(hardened(), |config| config.path += "app")).await,
        ),
    ] {
        assert_eq!(errors.len(), 4, "each of the four: {errors:?}");
        assert!(
            errors.iter().all(|one| one.contains("`__Host-") && one.contains(name)),
            "{errors:?}"
        );
    }
}

#[tokio::test]
async fn uncountable_rate_limits_are_rejected() {
    assert_each_rejected([
        (allowances(|config| config.register = Allowance::per_hour(1001)), "`register` may be"),
        (allowances(|config| config.confirm = allowance(5, Duration::ZERO)), "`confirm` must be"),
    ])
    .await;
}

#[tokio::test]
async fn hashing_below_the_owasp_minimum_or_without_workers_is_rejected() {
    let hashing = HashingConfig::default;
    assert_each_rejected([
        (valid().hashing(hashing().memory_kib(19_455)), "is too cheap"),
        (valid().hashing(hashing().passes(1)), "is too cheap"),
        (valid().hashing(hashing().seats(0)), "at least one seat"),
        (valid().hashing(hashing().memory_kib(1 << 30)), "is too expensive"),
        (valid().hashing(hashing().lanes(0)), "0 lanes"),
    ])
    .await;
}

/// A format with these prefixes and this decoy.
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
async fn invalid_legacy_formats_are_rejected() {
    valid().legacy_hash(Said(&["{a}"], "{a}x")).build().await.unwrap();
    assert_each_rejected([
        (valid().legacy_hash(Said(&[], "x")), "names no prefix"),
        (valid().legacy_hash(Said(&["{a}"], "")), "or panics"),
        (valid().legacy_hash(Said(&["{a}", ""], "x")), "that of hashes of ours"),
        (valid().legacy_hash(Said(&["$argon2"], "$argon2")), "that of hashes of ours"),
        (valid().legacy_hash(Said(&["$argon2id$v=1"], "$argon2id$v=1")), "that of hashes of ours"),
        (valid().legacy_hash(Said(&["{a}"], "{b}x")), "has none of its prefixes"),
        (valid().legacy_hash(Arc::new(CrudauthPy)), "is there twice"),
    ])
    .await;
}

#[tokio::test]
async fn links_to_nowhere_or_without_lifetime_are_rejected() {
    let of = |config: EmailConfig| Auth::builder(pool(), SECRET).email(config);
    let hour = SECOND * 3600;
    assert_each_rejected([
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
async fn all_config_errors_are_reported_at_once_without_secrets() {
    let short = "a-short-s3cret";
    let mut session = SessionConfig::default();
    let mut lock = LockoutConfig::default();
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
    let debug = format!("{:?} {:?}", valid().previous_secrets([OLD_SECRET]), valid().build().await);
    assert!(!debug.contains(SECRET) && !debug.contains(OLD_SECRET), "{debug}");
}

#[tokio::test]
async fn all_hashing_errors_are_reported_at_once() {
    let errors =
        config_errors(valid().hashing(HashingConfig::default().seats(0).passes(1).lanes(0))).await;
    assert_eq!(errors.len(), 3, "{errors:?}");
}

#[tokio::test]
async fn a_duration_beyond_the_calendar_is_rejected() {
    let of = |config: EmailConfig| Auth::builder(pool(), SECRET).email(config);
    assert_each_rejected([
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
async fn an_outbox_without_workers_is_rejected() {
    let none = OutboxConfig::default().at_once(0);
    let never = OutboxConfig::default().time_limit(Duration::ZERO);
    assert_each_rejected([
        (valid().outbox(none), "`at_once`"),
        (valid().outbox(never), "`time_limit`"),
    ])
    .await;
}

on_every_pool! {
    async fn an_incomplete_database_is_rejected_with_the_missing_parts(database, pool) {
        let build = async || {
            let settings = EmailConfig::new(RecordingSender::default(), FRONTEND);
            Auth::builder(pool.clone(), SECRET).email(settings).build().await
        };
        let errors = build().await.unwrap_err().to_string();
        assert!(errors.contains("CREATE TABLE") && errors.contains("migrations!(User)"), "{errors}");
        migrations!(User).run(&pool).await.unwrap();
        build().await.unwrap();
        database.execute("ALTER TABLE users DROP COLUMN full_name").await;
        let errors = build().await.unwrap_err().to_string();
        assert!(errors.contains("ADD COLUMN") && errors.contains("full_name"), "{errors}");
        migrations!(User).run(&pool).await.unwrap();
        database.execute("DROP TABLE users_lockouts").await;
        let errors = build().await.unwrap_err().to_string();
        assert!(errors.contains("users_lockouts"), "{errors}");
    }
}

#[tokio::test]
async fn an_unreachable_database_is_not_a_config_error() {
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
