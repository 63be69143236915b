//! Custom password rules and the breach service: when they are called and how they are reported.

use std::sync::{Arc, Mutex, PoisonError};

use crudauth::breach::{BoxError, BreachService};
use crudauth::{Backend, PasswordPolicy};
use crudauth_tests::{Answer, App, AppBuilder, Kind, Log, PASSWORD, Setting, sign_up};
use serde_json::{Value, json};

const NEW: &str = "third-strong-one";
/// A leaked password and its SHA-1 digest.
const LEAKED: &str = "another-strong-one";
const DIGEST: (&str, &str) = ("DA051", "4CC3093C79E41B6C7D11DC76C80690D2FDB");
const TOLD: &str = "This password has appeared in a data breach. Please choose another.";

/// A service that knows [`LEAKED`] and records its queries.
#[derive(Clone, Default)]
struct Leaks(Arc<Mutex<Vec<String>>>);

impl Leaks {
    fn asked(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl BreachService for Leaks {
    async fn range(&self, prefix: &str) -> Result<String, BoxError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(prefix.to_owned());
        let is_it = prefix == DIGEST.0;
        Ok(if is_it { format!("{}:12", DIGEST.1) } else { String::new() })
    }
}

struct Away;

impl BreachService for Away {
    async fn range(&self, prefix: &str) -> Result<String, BoxError> {
        Err(format!("no answer for {prefix}").into())
    }
}

struct With(PasswordPolicy);

impl Setting for With {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.password_policy(self.0)
    }
}

async fn app(policy: PasswordPolicy) -> App {
    App::with(Kind::Sqlite, With(policy)).await
}

fn form(name: &str, password: &str) -> Value {
    let mut form = sign_up(name);
    form["password"] = password.into();
    form
}

#[track_caller]
fn assert_rejected_at(field: &str, answer: &Answer, sentence: &str) {
    assert_eq!(answer.status, 422, "{answer:?}");
    let error = &answer.json()["detail"][0];
    assert_eq!(error["type"], "password_policy");
    assert_eq!(error["loc"], json!(["body", field]));
    assert_eq!(error["msg"], sentence);
}

#[tokio::test]
async fn a_leaked_password_is_rejected_everywhere_and_consumes_nothing() {
    let app = app(PasswordPolicy::default().breach_service(Leaks::default())).await;
    let answer = app.browser().post("/register", form("ada", LEAKED)).await;
    assert_rejected_at("password", &answer, TOLD);
    assert_eq!(app.database.count("users").await, 0);
    let ada = app.member("ada").await;
    assert_rejected_at("new_password", &ada.change_password(PASSWORD, LEAKED).await, TOLD);
    let token = app.reset_token("ada@example.com").await;
    let reset = async |password| {
        let body = json!({ "token": token, "new_password": password });
        app.browser().post("/password/reset-confirm", body).await
    };
    assert_rejected_at("new_password", &reset(LEAKED).await, TOLD);
    assert_eq!(reset(NEW).await.status, 200, "the link still works");
    let ada = app.signed_in("ada", NEW).await;
    app.database.execute("UPDATE users SET hashed_password = '!'").await;
    let answer = ada.post("/set-password", json!({ "new_password": LEAKED })).await;
    assert_rejected_at("new_password", &answer, TOLD);
}

#[tokio::test]
async fn sign_ins_and_weak_passwords_do_not_query_the_breach_service() {
    let leaks = Leaks::default();
    let app = app(PasswordPolicy::default().breach_service(leaks.clone())).await;
    app.register("ada").await;
    assert_eq!(leaks.asked(), 1);
    app.signed_in("ada", PASSWORD).await;
    app.browser().login("ada", LEAKED).await;
    app.browser().post("/register", form("bob", "password1")).await;
    assert_eq!(leaks.asked(), 1);
}

#[tokio::test]
async fn a_rate_limited_sign_up_does_not_query_the_breach_service() {
    let leaks = Leaks::default();
    let app = app(PasswordPolicy::default().breach_service(leaks.clone())).await;
    let visitor = app.browser();
    let mut asked = 0;
    while visitor.post("/register", form("ada", LEAKED)).await.status == 422 {
        asked += 1;
        assert!(asked < 100, "the limit is reached");
    }
    assert_eq!(leaks.asked(), asked);
}

#[tokio::test]
async fn an_unreachable_breach_service_is_logged_and_blocks_no_one() {
    let log = Log::listen();
    let app = app(PasswordPolicy::default().breach_service(Away)).await;
    let answer = app.browser().post("/register", form("ada", LEAKED)).await;
    assert_eq!(answer.status, 202);
    let warnings = log.count("breach service failed");
    assert_eq!(warnings, 1, "{}", log.text());
    assert!(log.text().contains("no answer for (prefix)") && !log.text().contains(DIGEST.0));
}

#[tokio::test]
async fn a_custom_rule_is_reported_at_its_field_in_its_own_words() {
    let policy = PasswordPolicy::default().validator(|candidate| {
        assert_eq!(candidate.identifiers(), ["ada@example.com", "ada"]);
        match candidate.text().contains("acme") {
            true => Err("The password must not contain our name."),
            false => Ok(()),
        }
    });
    let app = app(policy).await;
    let answer = app.browser().post("/register", form("ada", "acme-is-strong")).await;
    assert_rejected_at("password", &answer, "The password must not contain our name.");
    let ada = app.member("ada").await;
    let answer = ada.change_password(PASSWORD, "acme-is-strong").await;
    assert_rejected_at("new_password", &answer, "The password must not contain our name.");
    assert_eq!(ada.change_password(PASSWORD, NEW).await.status, 200);
}
