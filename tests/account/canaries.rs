//! No secret that a client or a mail holds is in the database, in Redis or in the log.

use std::collections::BTreeSet;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crudauth::RedisConfig;
use crudauth_tests::{Kind, Log, RedisServer, User, key_of};

use super::*;

#[crudauth::routes(
    user = User, session, bearer, api_keys, sessions, tokens, email, email_login, mfa, sudo,
    account, admin, audit, invitations, tickets
)]
struct Everything;

const ADA: &str = "ada@example.com";
const WRONG: &str = "not-her-password";
const NEW: &str = "another-strong-one";

/// Members of answers that are no secrets, or that an answer repeats.
const SHOWN: [&str; 12] = [
    "id",
    "email",
    "username",
    "otpauth_uri",
    "qr_svg",
    "expires_at",
    "created_at",
    "ends_at",
    "last_activity_at",
    "last_used_at",
    "detail",
    "user_agent",
];

async fn build<DB: Backend>(
    app: &App,
    pool: sqlx::Pool<DB>,
    redis: Option<RedisConfig>,
) -> Everything
where
    User: AuthRow<DB>,
{
    let mut builder = Everything::builder(pool, SECRET);
    if let Some(redis) = redis {
        builder = builder.redis(redis);
    }
    builder
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .account(AccountConfig::default().grace(MONTH))
        .admin(AdminConfig::default().impersonates(true))
        .mfa(MfaConfig::default().trusted_browsers(MONTH))
        .refresh_in(RefreshIn::Body)
        .rate_limits(RateLimits::off())
        .hashing(patient_hashing())
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
        .unwrap()
}

async fn everything(app: &App, redis: Option<RedisConfig>) -> App {
    let auth = match app.database.clone() {
        Database::Sqlite(pool) => build(app, pool, redis).await,
        Database::Postgres(pool) => build(app, pool, redis).await,
        Database::MySql(pool) => build(app, pool, redis).await,
    };
    let routes = auth.mount(Route::new()).with(auth.clone()).map_to_response();
    app.serving(routes).draining(&auth)
}

/// Every secret that a client has received.
#[derive(Default)]
struct Secrets(BTreeSet<String>);

impl Secrets {
    async fn post(&mut self, browser: &Browser, path: &str, body: Value) -> Value {
        let answer = browser.post(path, body).await;
        self.add(browser, &answer)
    }

    fn add(&mut self, browser: &Browser, answer: &Answer) -> Value {
        assert!(answer.status < 300, "{answer:?}");
        self.cookies(browser);
        let answer = serde_json::from_str(&answer.text).unwrap_or_default();
        self.members(&answer);
        answer
    }

    /// The values of the cookies, and the parts of signed ones.
    fn cookies(&mut self, browser: &Browser) {
        let values = browser.cookies().into_values();
        let parts =
            values.flat_map(|value| value.split('.').map(str::to_owned).collect::<Vec<_>>());
        self.0.extend(parts.filter(|part| part.len() >= 16));
    }

    fn members(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                let secret = members.iter().filter(|(name, _)| !SHOWN.contains(&&***name));
                secret.for_each(|(_, value)| self.members(value));
            }
            Value::Array(values) => values.iter().for_each(|value| self.members(value)),
            Value::String(text) if text.len() >= 16 => drop(self.0.insert(text.clone())),
            _ => {}
        }
    }

    /// The links and codes of every mail.
    fn mails(&mut self, app: &App) {
        for mail in app.outbox.messages() {
            let token = mail.link.as_deref().and_then(|link| link.split_once("token="));
            self.0.extend(token.map(|(_, token)| token.to_owned()));
            self.0.extend(mail.code);
        }
    }

    /// Each secret in every form in which bytes or a text could hold it.
    fn forms(&self) -> impl Iterator<Item = (&String, Vec<u8>)> {
        self.0.iter().flat_map(|secret| {
            let mut forms = vec![secret.clone().into_bytes()];
            forms.extend(hex::decode(secret).ok());
            forms.extend(URL_SAFE_NO_PAD.decode(secret).ok().filter(|bytes| bytes.len() >= 12));
            forms.into_iter().map(move |form| (secret, form))
        })
    }

    fn assert_absent(&self, place: &str, holds: impl Fn(&[u8]) -> bool) {
        for (secret, form) in self.forms() {
            assert!(!holds(&form), "{place} has {secret}");
        }
    }
}

/// Goes through every slice. Returns what clients and mails hold, and leaves each kind of row behind.
async fn tour(app: &App) -> Secrets {
    let mut secrets = Secrets::default();
    secrets.0.extend([PASSWORD, WRONG, NEW].map(str::to_owned));
    app.register("ada").await;
    let token = app.token(MessageKind::VerifyEmail, ADA).await;
    secrets.post(&app.browser(), "/email/verify-confirm", json!({ "token": token })).await;
    let ada = app.signed_in("ada", PASSWORD).await;
    assert_eq!(app.browser().login("ada", WRONG).await.status, 401);
    secrets.post(&ada, "/sudo", json!({ "password": PASSWORD })).await;
    let (access, refresh) = tokens(app, "ada").await;
    secrets.0.extend([access, refresh.clone()]);
    secrets.post(&app.browser(), "/refresh", json!({ "refresh_token": refresh })).await;
    secrets.post(&ada, "/api-keys", json!({ "name": "backup" })).await;
    secrets.post(&ada, "/tickets", json!({ "path": "/socket" })).await;

    let setup = secrets.post(&ada, "/mfa/totp/setup", json!({ "password": PASSWORD })).await;
    let secret = setup["secret"].as_str().unwrap();
    secrets.0.insert(hex::encode(key_of(secret)));
    let code = || totp(secret, app.clock.now().timestamp() / 30);
    let confirmed = secrets.post(&ada, "/mfa/totp/confirm", json!({ "code": code() })).await;
    let recovery = confirmed["recovery_codes"][0].clone();
    let plain = confirmed["recovery_codes"].as_array().unwrap().iter();
    secrets.0.extend(plain.map(|code| code.as_str().unwrap().replace('-', "")));
    app.clock.advance(Duration::from_secs(60));
    let trusted = app.browser();
    let step = secrets.add(&trusted, &trusted.login("ada", PASSWORD).await);
    let body = json!({ "challenge": step["challenge"], "code": code(), "trust_browser": true });
    secrets.post(&trusted, "/mfa/verify", body).await;
    let skipped = secrets.add(&trusted, &trusted.login("ada", PASSWORD).await);
    assert_eq!(skipped["mfa_required"], Value::Null, "{skipped}");
    let other = app.browser();
    let step = secrets.add(&other, &other.login("ada", PASSWORD).await);
    let body = json!({ "challenge": step["challenge"], "code": recovery });
    secrets.post(&other, "/mfa/verify", body).await;

    let asking = app.browser();
    secrets.post(&asking, "/email-login/request", json!({ "email": ADA })).await;
    let token = app.token(MessageKind::EmailLogin, ADA).await;
    secrets.post(&app.browser(), "/email-login/confirm", json!({ "token": token })).await;
    // Links that nobody follows stay in the tables.
    secrets.post(&asking, "/email-login/request", json!({ "email": ADA })).await;
    secrets.post(&asking, "/password/reset-request", json!({ "email": ADA })).await;
    app.clock.advance(Duration::from_secs(60));
    let change = json!({ "new_email": "ada@example.org", "password": PASSWORD, "code": code() });
    secrets.post(&other, "/email/change-request", change).await;
    app.register("bob").await;

    let root = admin::admin(app, "root").await;
    secrets.cookies(&root);
    secrets.post(&root, "/mfa/totp/setup", json!({ "password": PASSWORD })).await;
    let invited = json!({ "email": "eve@example.com" });
    secrets.post(&root, "/admin/invitations", invited).await;
    let ada_id = other.id().await;
    secrets.post(&root, &format!("/admin/accounts/{ada_id}/impersonate"), json!({})).await;
    assert_eq!(root.id().await, ada_id);

    let leaving = app.member("zoe").await;
    secrets.post(&leaving, "/sudo", json!({ "password": PASSWORD })).await;
    secrets.post(&leaving, "/account/delete", json!({})).await;
    app.token(MessageKind::DeletionRequested, "zoe@example.com").await;
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    let moved = app.member("max").await;
    secrets.post(&moved, "/change-password", body).await;
    secrets.cookies(&ada);
    secrets.mails(app);
    secrets
}

/// The log is that of one thread, so each test runs on one.
async fn assert_silent(kind: Kind) {
    let log = Log::listen();
    let app = everything(&App::on(kind).await, None).await;
    let secrets = tour(&app).await;
    let stored = app.database.cells_in_hex().await;
    assert!(stored.contains(&hex::encode(ADA)), "the search sees what is stored");
    assert!(secrets.0.len() > 40, "{}", secrets.0.len());
    secrets.assert_absent("the database", |form| stored.contains(&hex::encode(form)));
    let text = log.text();
    assert!(text.contains("recovery code used"), "the log has the tour");
    secrets.assert_absent("the log", |form| {
        std::str::from_utf8(form).is_ok_and(|form| text.contains(form))
    });
    for rows in ["browser_trusts", "one_time_tokens", "invitations", "challenges", "deletions"] {
        assert!(app.database.count(&format!("users_{rows}")).await > 0, "{rows}");
    }
}

#[tokio::test]
async fn sqlite_and_the_log_hold_no_secret() {
    assert_silent(Kind::Sqlite).await;
}

#[tokio::test]
async fn postgres_and_the_log_hold_no_secret() {
    assert_silent(Kind::Postgres).await;
}

#[tokio::test]
async fn mysql_and_the_log_hold_no_secret() {
    assert_silent(Kind::MySql).await;
}

#[tokio::test]
async fn redis_holds_no_secret() {
    let server = RedisServer::start();
    let app = App::on(Kind::Sqlite).await;
    let app = everything(&app, Some(RedisConfig::new(server.url()))).await;
    let secrets = tour(&app).await;
    server.command("CONFIG SET rdbcompression no");
    server.stop();
    let stored = fs::read(server.data()).unwrap();
    let holds = |form: &[u8]| stored.windows(form.len()).any(|window| window == form);
    assert!(holds(b"session"), "the search sees what is stored");
    secrets.assert_absent("Redis", holds);
}
