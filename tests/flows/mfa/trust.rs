//! Browsers that are not asked for the second factor.

use super::*;

const COOKIE: &str = "__Host-trusted_browser";
const NEW: &str = "another-strong-one";

fn trusting() -> Setup {
    let month = Duration::from_hours(30 * 24);
    Setup { mfa: Setup::default().mfa.trusted_browsers(month), ..Setup::default() }
}

/// Whether a sign-in in that browser waits for a code. Otherwise it is done.
async fn is_asked(browser: &Browser, name: &str, password: &str) -> bool {
    let answer = browser.login(name, password).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["mfa_required"] == true
}

/// Signs in by a new code, and trusts the browser.
async fn trust(app: &App, browser: &Browser, ada: &Member, password: &str) -> Answer {
    app.clock.advance(Duration::from_secs(30));
    let challenge = browser.login(ada.name, password).await.json()["challenge"].clone();
    let code = code(app, &ada.secret, 0);
    let body = json!({ "challenge": challenge, "code": code, "trust_browser": true });
    let answer = browser.post("/mfa/verify", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

async fn trusted(app: &App, ada: &Member, password: &str) -> Browser {
    let browser = app.browser();
    trust(app, &browser, ada, password).await;
    browser
}

on_every_database! {
    async fn a_trusted_browser_signs_in_by_the_password_and_proves_no_second_factor(app: App) {
        let app = guarded(&app, trusting()).await;
        let ada = enrolled(&app, "ada").await;
        let bob = enrolled(&app, "bob").await;
        let browser = app.browser();
        let answer = trust(&app, &browser, &ada, PASSWORD).await;
        let lines = answer.set_cookies();
        let line = lines.iter().find(|line| line.starts_with(COOKIE)).unwrap();
        for attribute in ["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=lax", "Secure"] {
            assert!(line.contains(attribute), "{attribute}: {line}");
        }
        let mails = app.mail_count(MessageKind::BrowserTrusted, "ada@example.com").await;
        assert_eq!(mails, 1);
        assert_eq!(browser.post("/logout", json!({})).await.status, 200);
        assert!(!is_asked(&browser, "ada", PASSWORD).await && browser.is_signed_in().await);
        for (path, status) in [("/dashboard", 200), ("/second", 403), ("/danger", 403)] {
            assert_eq!(browser.get(path).await.status, status, "{path}");
        }
        let refused = browser.post("/sudo", json!({ "password": PASSWORD })).await;
        assert_eq!(refused.code(), "code-needed");
        assert_eq!(browser.login("ada", "wrong-one").await.status, 401);
        assert!(is_asked(&app.browser(), "ada", PASSWORD).await, "another browser");
        assert!(is_asked(&browser, "bob", PASSWORD).await, "another account");
        trust(&app, &browser, &bob, PASSWORD).await;
        for name in ["ada", "bob"] {
            assert!(!is_asked(&browser, name, PASSWORD).await, "one browser, two accounts: {name}");
        }
    }

    async fn a_trusted_browser_moves_no_account_by_the_password_alone(app: App) {
        let app = guarded(&app, trusting()).await;
        let ada = enrolled(&app, "ada").await;
        let browser = trusted(&app, &ada, PASSWORD).await;
        assert!(!is_asked(&browser, "ada", PASSWORD).await);
        let mut body = json!({ "new_email": "new@example.com", "password": PASSWORD });
        let refused = browser.post("/email/change-request", body.clone()).await;
        assert_eq!((refused.status, &*refused.code()), (401, "code-needed"));
        assert_eq!(app.mail_count(MessageKind::ChangeEmail, "new@example.com").await, 0);
        app.clock.advance(Duration::from_secs(30));
        body["code"] = json!(code(&app, &ada.secret, 0));
        assert_eq!(browser.post("/email/change-request", body).await.status, 200);
        assert_eq!(app.mail_count(MessageKind::ChangeEmail, "new@example.com").await, 1);
    }

    async fn what_changes_the_account_or_signs_out_everywhere_ends_trust(app: App) {
        let (auth, app) = guarded_mount(&app, trusting()).await;
        let mut ada = enrolled(&app, "ada").await;
        let accounts = auth.accounts();
        let id = ada.browser.id().await;
        let account = async || accounts.find(&id).await.unwrap().unwrap();
        let kept = trusted(&app, &ada, PASSWORD).await;
        let browser = trusted(&app, &ada, PASSWORD).await;
        let listed = browser.get("/mfa/trusted-browsers").await.json();
        assert_eq!((&listed[0]["current"], &listed[1]["current"]), (&json!(true), &json!(false)));
        let path = format!("/mfa/trusted-browsers/{}", listed[0]["id"].as_str().unwrap());
        assert_eq!(app.member("eve").await.delete(&path).await.status, 404, "a stranger's");
        assert_eq!(browser.delete(&path).await.status, 200);
        assert_eq!(browser.delete(&path).await.status, 404);
        assert!(is_asked(&browser, "ada", PASSWORD).await, "one revoked");
        assert!(!is_asked(&kept, "ada", PASSWORD).await);
        assert_eq!(kept.post("/logout-all?keep_current=true", json!({})).await.status, 200);
        assert!(is_asked(&kept, "ada", PASSWORD).await, "signed out everywhere");
        let browser = trusted(&app, &ada, PASSWORD).await;
        assert!(accounts.disable(&id).await.unwrap() && accounts.enable(&id).await.unwrap());
        assert!(is_asked(&browser, "ada", PASSWORD).await, "disabled");
        let browser = trusted(&app, &ada, PASSWORD).await;
        assert_eq!(browser.change_password(PASSWORD, NEW).await.status, 200);
        assert!(is_asked(&browser, "ada", NEW).await, "a change of password");
        let browser = trusted(&app, &ada, NEW).await;
        reset(&app, PASSWORD).await;
        assert!(is_asked(&browser, "ada", PASSWORD).await, "a reset");
        let browser = trusted(&app, &ada, PASSWORD).await;
        assert!(accounts.mfa().remove(&account().await).await.unwrap());
        assert!(!is_asked(&browser, "ada", PASSWORD).await, "no factor is left");
        (ada.secret, _) = enrol(&app, &browser).await;
        assert!(is_asked(&browser, "ada", PASSWORD).await, "a new factor");
        let browser = trusted(&app, &ada, PASSWORD).await;
        app.clock.advance(Duration::from_hours(30 * 24));
        assert!(is_asked(&browser, "ada", PASSWORD).await, "30 days");
        auth.purge().await.unwrap();
        assert_eq!(app.database.count("users_browser_trusts").await, 0);
    }

    async fn trust_is_off_by_default_and_replaces_no_enrolment(app: App) {
        let off = guarded(&app, Setup::default()).await;
        let ada = enrolled(&off, "ada").await;
        let answer = trust(&off, &off.browser(), &ada, PASSWORD).await;
        assert!(!answer.set_cookies().iter().any(|line| line.starts_with(COOKIE)), "{answer:?}");
        let mut setup = trusting();
        setup.mfa = setup.mfa.is_required(true);
        let (auth, app) = guarded_mount(&app, setup).await;
        let browser = trusted(&app, &ada, PASSWORD).await;
        assert!(!is_asked(&browser, "ada", PASSWORD).await);
        assert!(is_asked(&ada.browser.to(&off), "ada", PASSWORD).await);
        let account = auth.accounts().find(&browser.id().await).await.unwrap().unwrap();
        assert!(auth.accounts().mfa().remove(&account).await.unwrap());
        let answer = browser.login("ada", PASSWORD).await;
        assert!(answer.json()["setup"].is_object(), "{answer:?}");
    }

    async fn a_browser_is_trusted_for_sessions_only_and_if_its_owner_wants_it(app: App) {
        let app = guarded(&app, trusting()).await;
        let ada = enrolled(&app, "ada").await;
        let (browser, challenge) = challenged(&app, "ada").await;
        let answer = verify(&browser, &challenge, &code(&app, &ada.secret, 0)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(!answer.set_cookies().iter().any(|line| line.starts_with(COOKIE)), "{answer:?}");
        assert!(is_asked(&browser, "ada", PASSWORD).await);

        app.clock.advance(Duration::from_secs(30));
        let form = format!("username=ada&password={PASSWORD}").into_bytes();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        let answer = browser.send(poem::http::Method::POST, "/token", &kind, form).await;
        let (challenge, code) = (answer.json()["challenge"].clone(), code(&app, &ada.secret, 0));
        let body = json!({ "challenge": challenge, "code": code, "trust_browser": true });
        let answer = browser.post("/mfa/verify", body).await;
        assert!(answer.json()["access_token"].is_string(), "{answer:?}");
        assert_eq!(app.database.count("users_browser_trusts").await, 0);
    }

    async fn a_program_that_keeps_its_tokens_is_not_trusted(app: App) {
        let setup = Setup { refresh_in: RefreshIn::Body, ..trusting() };
        let app = guarded(&app, setup).await;
        let ada = enrolled(&app, "ada").await;
        let form = format!("username=ada&password={PASSWORD}").into_bytes();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        let program = app.browser();
        let answer = program.send(poem::http::Method::POST, "/token", &kind, form).await;
        let (challenge, code) = (answer.json()["challenge"].clone(), code(&app, &ada.secret, 0));
        let body = json!({ "challenge": challenge, "code": code, "trust_browser": true });
        let answer = program.post("/mfa/verify", body).await;
        assert_eq!((answer.status, answer.set_cookies()), (200, vec![]), "{answer:?}");
        assert_eq!(app.database.count("users_browser_trusts").await, 0);
    }
}
