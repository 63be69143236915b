//! What the session of a trusted browser cannot do, and how its owner goes on. The account has no
//! password, so that the first one counts, too.

use std::time::Duration;

use crudauth::{Clock, MfaConfig, Pages};
use crudauth_tests::{on_every_database, totp};

use super::*;

const STEP: Duration = Duration::from_secs(30);

#[crudauth::routes(user = User, session, api_keys, email, mfa, passkeys, oauth, sudo)]
struct Proving;

/// Without `sudo`.
#[crudauth::routes(user = User, session, api_keys, email, mfa, passkeys, oauth)]
struct Plain;

macro_rules! mounts {
    ($($function:ident: $mount:ident;)*) => {$(
        /// An app that trusts browsers, as a client of a provider of its own.
        async fn $function(app: &App) -> (App, Provider) {
            async fn build<DB: Backend>(
                app: &App,
                pool: sqlx::Pool<DB>,
                provider: &Provider,
            ) -> $mount
            where
                User: AuthRow<DB>,
            {
                $mount::builder(pool, SECRET)
                    .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
                    .oauth(config(provider))
                    .mfa(MfaConfig::default().trusted_browsers(Duration::from_hours(24)))
                    .pages(Pages::new("/sign-in").fresh_proof("/prove"))
                    .rate_limits(RateLimits::off())
                    .hashing(patient_hashing())
                    .trusted_proxy_hops(1)
                    .clock(Arc::clone(&app.clock) as _)
                    .build()
                    .await
                    .unwrap()
            }
            let provider = Provider::start(Arc::clone(&app.clock)).await;
            let auth = match app.database.clone() {
                Database::Sqlite(pool) => build(app, pool, &provider).await,
                Database::Postgres(pool) => build(app, pool, &provider).await,
                Database::MySql(pool) => build(app, pool, &provider).await,
            };
            let routes = auth.mount(Route::new()).with(auth.clone()).map_to_response();
            (app.serving(routes).draining(&auth), provider)
        }
    )*};
}

mounts! {
    proving: Proving;
    plain: Plain;
}

/// The next code of an authenticator.
fn code(app: &App, secret: &str) -> String {
    app.clock.advance(STEP);
    totp(secret, app.clock.now().timestamp() / 30)
}

/// Signs in with the provider and a code.
async fn by_code(app: &App, provider: &Provider, browser: &Browser, secret: &str, trusts: bool) {
    let location = location(&sign_in(browser, provider).await);
    let challenge = location.split_once("#mfa_challenge=").unwrap().1;
    let code = code(app, secret);
    let body = json!({ "challenge": challenge, "code": code, "trust_browser": trusts });
    let answer = browser.post("/mfa/verify", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Signs in with the provider, in a browser that is not asked for a code.
async fn without_code(provider: &Provider, browser: &Browser) {
    assert_eq!(location(&sign_in(browser, provider).await), FRONTEND);
}

/// A browser whose last sign-in skipped the code, and the secret of the authenticator.
async fn trusted(app: &App, provider: &Provider) -> (Browser, String) {
    let owner = signed_in(app, provider).await;
    let setup = owner.post("/mfa/totp/setup", json!({})).await.json();
    let secret = setup["secret"].as_str().unwrap().to_owned();
    let body = json!({ "code": code(app, &secret) });
    assert_eq!(owner.post("/mfa/totp/confirm", body).await.status, 200);
    let browser = app.browser();
    by_code(app, provider, &browser, &secret, true).await;
    without_code(provider, &browser).await;
    (browser, secret)
}

/// The answers to all that needs a recent sign-in, a first password at last.
async fn lasting(browser: &Browser) -> Vec<Answer> {
    vec![
        browser.post("/api-keys", json!({ "name": "ci" })).await,
        browser.post("/passkeys/register/options", json!({})).await,
        browser.post("/oauth/corp/connect", json!({})).await,
        browser.post("/set-password", json!({ "new_password": PASSWORD })).await,
    ]
}

/// Asserts that nothing lasting is possible, for this reason.
async fn assert_nothing_lasts(app: &App, browser: &Browser, code: &str) {
    let listed = browser.get("/oauth/connections").await.json();
    let connection = format!("/oauth/connections/{}", listed[0]["id"].as_str().unwrap());
    let mut answers = lasting(browser).await;
    answers.push(browser.delete(&connection).await);
    for answer in answers {
        assert_eq!((answer.status, &*answer.code()), (403, code), "{answer:?}");
    }
    assert_eq!(app.database.count("users_api_keys").await, 0);
    assert_eq!(connections(app).await, 1);
}

async fn assert_all_lasts(browser: &Browser) {
    let statuses = lasting(browser).await.iter().map(|answer| answer.status).collect::<Vec<_>>();
    assert_eq!(statuses, [201, 200, 200, 200]);
}

/// Where the refused form of the page `/settings` leads.
async fn refused_form(browser: &Browser) -> Option<String> {
    let token = browser.cookie("csrf_token").unwrap();
    let form = [("csrf_token", &*token), ("name", "ci")];
    let answer = browser.submit("/settings", "/api-keys", &form).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("location").map(str::to_owned)
}

on_every_database! {
    async fn where_sudo_is_mounted_the_session_proves_the_skipped_factor(app: App) {
        let (app, provider) = proving(&app).await;
        let (browser, secret) = trusted(&app, &provider).await;
        assert_nothing_lasts(&app, &browser, "reauthentication-required").await;
        assert_eq!(refused_form(&browser).await.as_deref(), Some("/prove?next=%2Fsettings"));
        without_code(&provider, &browser).await;
        assert_nothing_lasts(&app, &browser, "reauthentication-required").await;
        let answer = browser.post("/sudo", json!({ "code": code(&app, &secret) })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_all_lasts(&browser).await;
    }

    async fn without_sudo_the_owner_ends_the_trust_and_signs_in(app: App) {
        let (app, provider) = plain(&app).await;
        let (browser, secret) = trusted(&app, &provider).await;
        assert_nothing_lasts(&app, &browser, "second-factor-skipped").await;
        assert_eq!(refused_form(&browser).await.as_deref(), Some("/settings"), "no loop");
        without_code(&provider, &browser).await;
        assert_nothing_lasts(&app, &browser, "second-factor-skipped").await;
        let listed = browser.get("/mfa/trusted-browsers").await.json();
        let id = listed[0]["id"].as_str().unwrap();
        assert_eq!(browser.delete(&format!("/mfa/trusted-browsers/{id}")).await.status, 200);
        by_code(&app, &provider, &browser, &secret, false).await;
        assert_all_lasts(&browser).await;
    }

    async fn a_trusted_sign_in_of_long_ago_is_too_old_first(app: App) {
        let (app, provider) = proving(&app).await;
        let (browser, _) = trusted(&app, &provider).await;
        app.clock.advance(Duration::from_secs(601));
        let answer = browser.post("/api-keys", json!({ "name": "ci" })).await;
        assert_eq!((answer.status, &*answer.code()), (403, "sign-in-too-old"));
    }
}
