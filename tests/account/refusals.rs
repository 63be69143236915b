//! Hooks of the app before a sign-up, a sign-in and a change of username.

use std::sync::Mutex;

use crudauth::IdentifierKind;
use crudauth::hook::{
    BeforeSignIn, BeforeSignUp, BeforeUsernameChange, HookError, SignInFacts, SignUpFacts,
    UsernameFacts,
};
use crudauth_tests::{Kind, Log};

use super::*;

const REASON: &str = "The club is full.";

/// A name at which the app's hook panics.
const CRASH: &str = "crash";

/// Refuses the names on a list, and clients of one address.
#[derive(Clone, Default)]
pub(super) struct Door {
    pub(super) names: Arc<Mutex<Vec<String>>>,
    address: Arc<Mutex<Option<String>>>,
}

impl Door {
    fn judge(&self, name: Option<&str>, client: &crudauth::ClientInfo) -> Result<(), HookError> {
        if name == Some(CRASH) {
            // `panic!` would print a backtrace.
            std::panic::resume_unwind(Box::new("a bug of the hook"));
        }
        let address = client.address.map(|address| address.to_string());
        let is_named = self.names.lock().unwrap().iter().any(|one| Some(&**one) == name);
        let is_from = address.is_some() && *self.address.lock().unwrap() == address;
        if is_named || is_from { Err(HookError::refused(REASON)) } else { Ok(()) }
    }
}

impl BeforeSignUp<Person> for Door {
    async fn before_sign_up(&self, sign_up: SignUpFacts<'_, Person>) -> Result<(), HookError> {
        self.judge(sign_up.shown(IdentifierKind::Username), sign_up.client())
    }
}

impl BeforeSignIn<Person> for Door {
    async fn before_sign_in(&self, sign_in: SignInFacts<'_, Person>) -> Result<(), HookError> {
        self.judge(Some(&sign_in.account().user.username), sign_in.client())
    }
}

impl BeforeUsernameChange<Person> for Door {
    async fn before_username_change(
        &self,
        change: UsernameFacts<'_, Person>,
    ) -> Result<(), HookError> {
        assert_eq!(change.account().user.username, "ada");
        self.judge(Some(change.name().as_str()), change.client())
    }
}

async fn guarded(app: &App) -> (Full, App, Door) {
    let door = Door::default();
    let (auth, app) = full(app, Setup { door: Some(door.clone()), ..Setup::default() }).await;
    (auth, app, door)
}

fn assert_refused(answer: &Answer) {
    let told = (answer.status, answer.code(), answer.detail());
    assert_eq!(told, (403, "refused-by-app".to_owned(), REASON.to_owned()), "{answer:?}");
}

// On one thread, whose log is captured.
#[tokio::test]
async fn a_route_that_panics_answers_500_and_the_log_has_the_message() {
    let app = App::on(Kind::Sqlite).await;
    let (auth, app, _) = guarded(&app).await;
    let log = Log::listen();
    assert_eq!(app.register(CRASH).await.status, 500);
    auth.drained().await;
    let lines = (log.count("route did not finish"), log.count("a bug of the hook"));
    assert_eq!(lines, (1, 1), "{}", log.text());
    assert_eq!(app.register("ada").await.status, 202);
}

on_every_database! {
    async fn a_refused_sign_up_stores_and_mails_nothing(app: App) {
        let (auth, app, door) = guarded(&app).await;
        app.member("bob").await;
        door.names.lock().unwrap().extend(["ada".to_owned(), "bob".to_owned()]);
        assert_refused(&app.register("ada").await);
        auth.drained().await;
        assert_eq!(app.database.count("users").await, 1);
        assert_eq!(app.mail_count(MessageKind::VerifyEmail, "ada@example.com").await, 0);
        // A name that is taken gets the same answer, and its owner no notice.
        let (free, taken) = (app.register("ada").await, app.register("bob").await);
        assert_eq!(free.comparable(), taken.comparable());
        assert_eq!(app.mail_count(MessageKind::ExistingAccount, "bob@example.com").await, 0);
    }

    async fn a_refused_sign_in_opens_no_session_and_no_tokens(app: App) {
        let (auth, app, door) = guarded(&app).await;
        assert_eq!(app.register("ada").await.status, 202);
        door.names.lock().unwrap().push("ada".to_owned());
        let browser = app.browser();
        assert_refused(&browser.login("ada", PASSWORD).await);
        assert!(!browser.is_signed_in().await);
        let form = format!("username=ada&password={PASSWORD}").into_bytes();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        assert_refused(&app.browser().send(Method::POST, "/token", &kind, form).await);
        let account = auth.accounts().find_by_identifier("ada").await.unwrap().unwrap();
        let binding = crudauth::Binding::default();
        let entered = auth.accounts().enter(account, crudauth::ClientInfo::default(), &binding).await;
        assert!(matches!(entered, Err(crudauth::SignInError::RefusedByApp(_))), "{entered:?}");
        let rows = ["users_sessions", "users_token_families"];
        for table in rows {
            assert_eq!(app.database.count(table).await, 0, "{table}");
        }
    }

    async fn a_refused_username_is_not_stored(app: App) {
        let (auth, app, door) = guarded(&app).await;
        let ada = owner(&app, "ada").await;
        door.names.lock().unwrap().push("root".to_owned());
        assert_refused(&ada.post("/username/change", json!({ "new_username": "root" })).await);
        assert!(auth.accounts().find_by_identifier("ada").await.unwrap().is_some());
        let answer = ada.post("/username/change", json!({ "new_username": "eve" })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    async fn a_wrong_password_is_not_told_the_reason(app: App) {
        let (_, app, door) = guarded(&app).await;
        assert_eq!(app.register("ada").await.status, 202);
        door.names.lock().unwrap().push("ada".to_owned());
        let known = app.browser().login("ada", "a-wrong-one").await;
        let unknown = app.browser().login("eve", "a-wrong-one").await;
        assert_eq!((known.status, known.code()), (401, "bad-credentials".to_owned()));
        assert_eq!(known.text, unknown.text);
    }

    async fn the_client_that_sends_the_second_factor_is_judged(app: App) {
        let (_, app, door) = guarded(&app).await;
        let ada = owner(&app, "ada").await;
        let (_, codes) = enrol(&app, &ada).await;
        let browser = app.browser();
        let challenge = browser.login("ada", PASSWORD).await.json()["challenge"].clone();
        let elsewhere = browser.clone().at("203.0.113.99");
        *door.address.lock().unwrap() = Some("203.0.113.99".to_owned());
        let code = json!({ "challenge": challenge, "code": codes[0] });
        assert_refused(&elsewhere.post("/mfa/verify", code.clone()).await);
        assert!(!elsewhere.is_signed_in().await);
        // Neither the code nor the challenge is used up.
        let answer = browser.post("/mfa/verify", code).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}
