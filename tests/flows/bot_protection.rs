//! Bot protection: the routes that ask, the answers that they accept, and refusals without effects.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crudauth::bots::{
    BotAnswer, BotCheck, BotCheckError, ProofOfWork,
    PublicRoute::{self, *},
    Puzzle,
};
use crudauth::email::MessageKind;
use crudauth::{AuthRow, Backend, BotProtectionConfig, EmailConfig, Flash, Pages, StoreError};
use crudauth_tests::{
    Answer, App, Browser, Database, FRONTEND, Kind, PASSWORD, SECRET, User, concurrently,
    count_status, on_every_database, patient_hashing, sign_up,
};
use poem::http::Method;
use poem::{EndpointExt, Route, get, handler};
use serde_json::Value;

#[crudauth::routes(user = User, session, bearer, email, email_login, bot_protection)]
struct Guarded;

const FORM: &str = "application/x-www-form-urlencoded";

/// Each route that asks: its path, whether it takes a form, and the status of a success.
const ROUTES: [(PublicRoute, &str, bool, u16); 6] = [
    (Register, "/register", false, 202),
    (Login, "/login", true, 200),
    (Token, "/token", true, 200),
    (ResetRequest, "/password/reset-request", false, 200),
    (VerifyRequest, "/email/verify-request", false, 200),
    (EmailLoginRequest, "/email-login/request", false, 202),
];

#[handler]
async fn outcome(flash: Flash<Guarded>) -> String {
    flash.message().map(|message| message.code.clone()).unwrap_or_default()
}

/// A mount with bot protection on the database of `app`.
async fn guarded(app: &App, config: impl Into<BotProtectionConfig>) -> App {
    let auth = match app.database.clone() {
        Database::Sqlite(pool) => mount(app, pool, config.into()).await,
        Database::Postgres(pool) => mount(app, pool, config.into()).await,
        Database::MySql(pool) => mount(app, pool, config.into()).await,
    };
    let route = auth.mount(Route::new()).at("/outcome", get(outcome));
    app.serving(route.with(auth.clone()).map_to_response()).draining(&auth)
}

async fn mount<DB>(app: &App, pool: sqlx::Pool<DB>, config: BotProtectionConfig) -> Guarded
where
    DB: Backend,
    User: AuthRow<DB>,
{
    Guarded::builder(pool, SECRET)
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .bot_protection(config)
        .pages(Pages::new("/outcome"))
        .hashing(patient_hashing())
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
        .unwrap()
}

fn easy() -> ProofOfWork {
    ProofOfWork::default().max_number(500)
}

/// Gets a puzzle and solves it, as the widget does.
async fn solved(browser: &Browser) -> String {
    let answer = browser.get("/bot-check").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    serde_json::from_value::<Puzzle>(answer.json()).unwrap().solve().unwrap()
}

/// Fields that every route accepts.
fn body(name: &str, wrong: &str) -> Value {
    let mut body = sign_up(name);
    body["password"] = format!("{PASSWORD}{wrong}").into();
    body
}

/// Sends it with an answer in the member or the field `altcha`.
async fn send(browser: &Browser, path: &str, mut body: Value, answer: Option<&str>) -> Answer {
    if let Some(answer) = answer {
        body["altcha"] = answer.into();
    }
    let is_form = ROUTES.iter().any(|(_, known, is_form, _)| *known == path && *is_form);
    let (content_type, body) = if is_form {
        (FORM, serde_urlencoded::to_string(&body).unwrap())
    } else {
        ("application/json", body.to_string())
    };
    let headers = [("content-type", content_type)];
    browser.send(Method::POST, path, &headers, body.into_bytes()).await
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

fn refused(code: &str) -> (u16, String) {
    (403, code.to_owned())
}

on_every_database! {
    async fn each_public_route_accepts_a_solution_once(app: App) {
        let app = guarded(&app, easy()).await;
        for (_, path, _, status) in ROUTES {
            let browser = app.browser();
            let sent = body("ada", "");
            assert_eq!(refusal(&send(&browser, path, sent.clone(), None).await), refused("bot-check-required"));
            let wrong = send(&browser, path, sent.clone(), Some("e30=")).await;
            assert_eq!(refusal(&wrong), refused("bot-check-failed"), "{path}");
            let solution = solved(&browser).await;
            let passed = send(&browser, path, sent.clone(), Some(&solution)).await;
            assert_eq!(passed.status, status, "{path}: {passed:?}");
            let again = send(&browser, path, sent, Some(&solution)).await;
            assert_eq!(refusal(&again), refused("bot-check-failed"), "{path}");
        }
    }

    async fn of_64_uses_of_one_solution_at_once_one_passes(app: App) {
        app.register("ada").await;
        let app = guarded(&app, easy()).await;
        let solution = solved(&app.browser()).await;
        let jobs = (0..64).map(|_| {
            let (browser, solution) = (app.browser(), solution.clone());
            async move {
                send(&browser, "/password/reset-request", body("ada", ""), Some(&solution)).await
            }
        });
        let answers = concurrently(jobs).await;
        assert_eq!((count_status(&answers, 200), count_status(&answers, 403)), (1, 63));
        assert_eq!(app.mail_count(MessageKind::ResetPassword, "ada@example.com").await, 1);
    }

    async fn a_refused_check_looks_nothing_up_and_spends_no_limit(app: App) {
        app.register("ada").await;
        app.last_mail(MessageKind::VerifyEmail, "ada@example.com").await;
        let app = guarded(&app, easy()).await;
        let limits = app.database.count("users_rate_limits").await;
        let browser = app.browser();
        for answer in [None, Some("e30=")] {
            for (_, path, ..) in ROUTES {
                let known = send(&browser, path, body("ada", "-wrong"), answer).await;
                for _ in 0..12 {
                    let unknown = send(&browser, path, body("bob", "-wrong"), answer).await;
                    assert_eq!(known.comparable(), unknown.comparable(), "{path}");
                }
            }
        }
        assert_eq!(app.database.count("users_rate_limits").await, limits);
        assert_eq!(app.database.count("users_lockouts").await, 0);
        app.database.execute("ALTER TABLE users RENAME TO users_elsewhere").await;
        for (_, path, ..) in ROUTES {
            let answer = send(&browser, path, body("ada", ""), None).await;
            assert_eq!(refusal(&answer), refused("bot-check-required"), "{path}");
        }
        app.database.execute("ALTER TABLE users_elsewhere RENAME TO users").await;
        let answer = send(&browser, "/login", body("ada", ""), Some(&solved(&browser).await)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[tokio::test]
async fn an_answer_may_be_in_a_header_or_in_the_form_of_a_page() {
    let app = guarded(&App::on(Kind::Sqlite).await, easy()).await;
    let browser = app.browser();
    let (sent, header) = (body("ada", "").to_string(), solved(&browser).await);
    let headers = [("content-type", "application/json"), ("x-bot-check", &*header)];
    let answer = browser.send(Method::POST, "/register", &headers, sent.into_bytes()).await;
    assert_eq!(answer.status, 202, "{answer:?}");

    let solution = solved(&browser).await;
    let fields = [("username", "ada"), ("password", PASSWORD), ("altcha", &*solution)];
    for (fields, code) in [(&fields[..2], "bot-check-required"), (&fields, "ok")] {
        assert_eq!(browser.submit("/outcome", "/login", fields).await.status, 303);
        assert_eq!(browser.open("/outcome").await.text, code);
    }
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn routes_that_the_app_leaves_out_ask_for_nothing() {
    let app = App::on(Kind::Sqlite).await;
    let only = BotProtectionConfig::from(easy()).only([Register]);
    let except = BotProtectionConfig::from(easy()).except([Register]);
    for (config, registers) in [(only, true), (except, false)] {
        let app = guarded(&app, config).await;
        for (route, path, _, _) in ROUTES {
            let answer = send(&app.browser(), path, body("ada", ""), None).await;
            let is_asked = answer.code() == "bot-check-required";
            assert_eq!(is_asked, (route == Register) == registers, "{path}: {answer:?}");
        }
    }
}

/// A service that accepts one text, and may be away.
#[derive(Clone, Default)]
struct Service(Arc<AtomicUsize>);

impl BotCheck for Service {
    fn field(&self) -> &'static str {
        "robot"
    }

    async fn check(&self, answer: BotAnswer<'_>) -> Result<(), BotCheckError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        assert_eq!(answer.route, Register);
        match (answer.text, answer.client.address) {
            ("no", Some(_)) => Ok(()),
            ("away", _) => Err(StoreError::Unavailable("no route to host".into()).into()),
            _ => Err(BotCheckError::Refused),
        }
    }
}

#[tokio::test]
async fn a_check_of_the_app_decides_by_its_own_field() {
    let service = Service::default();
    let config = BotProtectionConfig::new(service.clone());
    let app = guarded(&App::on(Kind::Sqlite).await, config).await;
    let browser = app.browser();
    let long = "0".repeat(8193);
    for (answer, status, code) in [
        ("", 403, "bot-check-required"),
        (&*long, 403, "bot-check-failed"),
        ("yes", 403, "bot-check-failed"),
        ("away", 503, "unavailable"),
        ("no", 202, ""),
    ] {
        let mut sent = body("ada", "");
        sent["robot"] = answer.into();
        let answer = browser.post("/register", sent).await;
        assert_eq!(refusal(&answer), (status, code.to_owned()), "{answer:?}");
    }
    assert_eq!(service.0.load(Ordering::Relaxed), 3, "neither for no answer nor for a long one");
    assert_eq!(browser.get("/bot-check").await.status, 404);
    let twice = r#"{"robot":"no","robot":"no"}"#.as_bytes().to_vec();
    let json = [("content-type", "application/json")];
    let answer = browser.send(Method::POST, "/register", &json, twice).await;
    assert_eq!(refusal(&answer), refused("bot-check-required"));
}
