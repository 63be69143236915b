//! The policy of sign-ups: open, closed, or some domains. A refusal reveals no account.

use std::sync::Mutex;

use crudauth::{
    ConfigError, EmailLoginConfig, Event, EventKind, RegisterError, Registered, SignUp,
    SignUpPolicy,
};
use crudauth_tests::{Kind, User, sign_up};

use super::*;

#[crudauth::routes(
    user = User, session, email, email_login, sudo, admin, audit, invitations
)]
pub(super) struct Gated;

/// Kinds of events, in the order in which they happened.
pub(super) type Kinds = Arc<Mutex<Vec<EventKind>>>;

/// A mount with this policy on the database of `app`, which has an open one.
pub(super) async fn gated(app: &App, policy: SignUpPolicy) -> (Gated, App, Kinds) {
    limited(app, policy, RateLimits::off()).await
}

/// As [`gated`], with these limits.
pub(super) async fn limited(
    app: &App,
    policy: SignUpPolicy,
    limits: RateLimits,
) -> (Gated, App, Kinds) {
    let kinds = Kinds::default();
    let setup = (policy, limits, Arc::clone(&kinds));
    let auth = match app.database.clone() {
        Database::Sqlite(pool) => build(app, pool, setup).await,
        Database::Postgres(pool) => build(app, pool, setup).await,
        Database::MySql(pool) => build(app, pool, setup).await,
    };
    let routes = auth.mount(Route::new()).with(auth.clone()).map_to_response();
    let app = app.serving(routes).draining(&auth);
    (auth, app, kinds)
}

async fn build<DB: Backend>(
    app: &App,
    pool: sqlx::Pool<DB>,
    (policy, limits, kinds): (SignUpPolicy, RateLimits, Kinds),
) -> Gated
where
    User: AuthRow<DB>,
{
    Gated::builder(pool, SECRET)
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .email_login(EmailLoginConfig::default().creates_accounts(true))
        .sign_up(policy)
        .on_event(move |event: Event| kinds.lock().unwrap().push(event.kind()))
        .rate_limits(limits)
        .hashing(patient_hashing())
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
        .unwrap()
}

/// Asks for a mail that signs in.
pub(super) async fn ask(app: &App, address: &str) -> Answer {
    app.browser().post("/email-login/request", json!({ "email": address })).await
}

/// Signs in by the link of the last such mail.
pub(super) async fn sign_in_by_mail(app: &App, address: &str) -> Answer {
    assert_eq!(ask(app, address).await.status, 202);
    let token = app.token(MessageKind::EmailLogin, address).await;
    app.browser().post("/email-login/confirm", json!({ "token": token })).await
}

fn assert_closed(answer: &Answer) {
    assert_eq!((answer.status, &*answer.code()), (403, "sign-up-closed"), "{answer:?}");
}

on_every_database! {
    async fn a_closed_sign_up_adds_no_account_and_reveals_none(app: App) {
        app.member("bob").await;
        let (auth, app, kinds) = gated(&app, SignUpPolicy::closed()).await;
        let (free, taken) = (app.register("ada").await, app.register("bob").await);
        assert_closed(&free);
        assert_eq!(free.comparable(), taken.comparable());
        let (free, taken) = (ask(&app, "ada@example.com").await, ask(&app, "bob@example.com").await);
        assert_eq!((free.status, free.header_names()), (taken.status, taken.header_names()));
        assert_eq!(app.mail_count(MessageKind::EmailLogin, "ada@example.com").await, 0);
        assert_eq!(app.mail_count(MessageKind::ExistingAccount, "bob@example.com").await, 0);
        let answer = sign_in_by_mail(&app, "bob@example.com").await;
        assert_eq!(answer.status, 200, "who has an account signs in: {answer:?}");
        assert_eq!(app.database.count("users").await, 1);
        auth.drained().await;
        let closed = kinds.lock().unwrap().iter().filter(|one| **one == EventKind::SignUpClosed).count();
        assert_eq!(closed, 3);
    }

    async fn who_has_proved_no_address_of_a_domain_moves_to_no_other(app: App) {
        let (_, app, _) = gated(&app, SignUpPolicy::domains(["example.com"])).await;
        let eve = app.member("eve").await;
        let to = async |address: &str| {
            let form = json!({ "new_email": address, "password": PASSWORD });
            eve.post("/email/change-request", form).await
        };
        assert_closed(&to("eve@evil.example").await);
        assert_eq!(to("eve2@example.com").await.status, 200);
        let token = app.token(MessageKind::VerifyEmail, "eve@example.com").await;
        let confirm = json!({ "token": token });
        assert_eq!(app.browser().post("/email/verify-confirm", confirm).await.status, 200);
        assert_eq!(to("eve@evil.example").await.status, 200, "an owner may move");
    }

    async fn only_addresses_of_listed_domains_sign_up(app: App) {
        let policy = SignUpPolicy::domains(["Example.COM", "bücher.example"]);
        let (_, app, _) = gated(&app, policy).await;
        for (name, address) in [
            ("ada", "ada@example.com"),
            ("eve", "EVE@EXAMPLE.com"),
            ("kim", "kim@bücher.example"),
            ("lee", "lee@xn--bcher-kva.example"),
        ] {
            let answer = app.register_as(name, address).await;
            assert_eq!(answer.status, 202, "{address}: {answer:?}");
        }
        for address in [
            "max@sub.example.com",
            "max@notexample.com",
            "max@example.com.evil.example",
            "example.com@evil.example",
        ] {
            assert_closed(&app.register_as("max", address).await);
            assert_eq!(ask(&app, address).await.status, 202);
            assert_eq!(app.mail_count(MessageKind::EmailLogin, address).await, 0, "{address}");
        }
        let answer = app.register_as("max", "max@example.com.").await;
        assert_eq!(answer.status, 422, "no address ends with a dot: {answer:?}");
        assert_eq!(sign_in_by_mail(&app, "new@example.com").await.status, 200);
        assert_eq!(app.database.count("users").await, 5);
    }

    async fn the_app_adds_accounts_in_a_closed_mount(app: App) {
        let (auth, app, _) = gated(&app, SignUpPolicy::closed()).await;
        let form = || SignUp::from_json(&sign_up("ada")).unwrap();
        let refused = auth.accounts().register(form()).await;
        assert!(matches!(refused, Err(RegisterError::SignUpClosed)), "{refused:?}");
        let added = auth.accounts().register(form().by_the_app()).await;
        assert!(matches!(added, Ok(Registered::Added(_))), "{added:?}");
        assert_eq!(app.database.count("users").await, 1);
    }
}

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct Nameless {
    id: i64,
    username: String,
}

#[crudauth::routes(user = Nameless, session)]
struct WithoutEmail;

#[tokio::test]
async fn a_policy_that_cannot_work_is_rejected() {
    let app = App::on(Kind::Sqlite).await;
    let Database::Sqlite(pool) = app.database.clone() else { panic!("SQLite") };
    let errors = async |domains: &[&str]| {
        let policy = SignUpPolicy::domains(domains.iter().copied());
        let email = EmailConfig::new(app.outbox.clone(), FRONTEND);
        let builder = Gated::builder(pool.clone(), SECRET).email(email).sign_up(policy);
        builder.build().await.map_or_else(|error| error.settings().to_vec(), |_| Vec::new())
    };
    assert_eq!(errors(&["example.com"]).await, []);
    for name in ["", "@example.com", "example.com.", "*.example.com", "exa mple.com", "a@b.example"]
    {
        let rule = "a domain name, such as `example.com`";
        let invalid = ConfigError::InvalidName { setting: "sign_up", name: name.to_owned(), rule };
        assert_eq!(errors(&[name]).await, [invalid]);
    }
    let empty = errors(&[]).await;
    assert!(matches!(empty[..], [ConfigError::LengthOutOfRange { .. }]), "{empty:?}");

    let policy = SignUpPolicy::domains(["example.com"]);
    let error = WithoutEmail::builder(pool, SECRET).sign_up(policy).build().await.unwrap_err();
    let requires = error
        .settings()
        .iter()
        .any(|one| matches!(one, ConfigError::Requires { setting: "sign_up", .. }));
    assert!(requires, "{error:?}");
}
