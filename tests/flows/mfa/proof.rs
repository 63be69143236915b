//! What a proof of the address takes from an account that nobody had proved.

use super::*;

const NEW: &str = "another-strong-one";

/// The next code of an authenticator.
fn next_code(app: &App, secret: &str) -> String {
    app.clock.advance(Duration::from_secs(30));
    code(app, secret, 0)
}

/// Finishes a sign-in whose first step this was, and trusts the browser.
async fn finish(browser: &Browser, first: &Answer, code: &str) -> Answer {
    let challenge = first.json()["challenge"].clone();
    let body = json!({ "challenge": challenge, "code": code, "trust_browser": true });
    let answer = browser.post("/mfa/verify", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

on_every_database! {
    async fn a_reset_removes_all_that_an_unproved_holder_had_set(app: App) {
        let mfa = Setup::default().mfa.trusted_browsers(Duration::from_hours(24));
        let app = guarded(&app, Setup { mfa, ..Setup::default() }).await;
        let squatter = app.member("ada").await;
        let (secret, _) = enrol(&app, &squatter).await;
        let trusted = app.browser();
        let first = trusted.login("ada", PASSWORD).await;
        finish(&trusted, &first, &next_code(&app, &secret)).await;
        let program = app.browser();
        let first = program.request_token("ada", PASSWORD, None).await;
        finish(&program, &first, &next_code(&app, &secret)).await;

        let token = reset(&app, NEW).await;
        for table in ["authenticators", "recovery_codes", "browser_trusts", "token_families", "sessions"] {
            assert_eq!(app.database.count(&format!("users_{table}")).await, 0, "{table}");
        }
        assert!(!squatter.is_signed_in().await && !trusted.is_signed_in().await);
        let owner = app.signed_in("ada", NEW).await;
        assert!(owner.is_signed_in().await, "without a code");
        let body = json!({ "token": token, "new_password": NEW });
        let again = app.browser().post("/password/reset-confirm", body).await;
        assert_eq!(again.code(), "token-used");
        assert_eq!(owner.get("/me").await.json()["email_verified"], true);
    }

    async fn a_link_that_the_holder_asked_for_takes_nothing_away(app: App) {
        let app = guarded(&app, Setup::default()).await;
        for (name, kind, path) in [
            ("ada", MessageKind::VerifyEmail, "/email/verify-confirm"),
            ("bob", MessageKind::ChangeEmail, "/email/change-confirm"),
        ] {
            let holder = app.member(name).await;
            let (secret, _) = enrol(&app, &holder).await;
            let mut address = format!("{name}@example.com");
            if kind == MessageKind::ChangeEmail {
                address = format!("new-{address}");
                let code = next_code(&app, &secret);
                let body = json!({ "new_email": address, "password": PASSWORD, "code": code });
                assert_eq!(holder.post("/email/change-request", body).await.status, 200);
            }
            let token = app.token(kind, &address).await;
            let answer = app.browser().post(path, json!({ "token": token })).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(holder.get("/me").await.json()["email_verified"], true, "the session goes on");
            challenged(&app, name).await;
        }
    }
}
