//! The page behind the link, without scripts.

use poem::http::Method;

use super::*;

async fn press(browser: &Browser, token: &str, headers: &[(&str, &str)]) -> Answer {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let headers: Vec<_> = form.iter().chain(headers).copied().collect();
    let body = format!("token={token}").into_bytes();
    browser.send(Method::POST, "/email-login", &headers, body).await
}

/// The challenge for the form of the page, after an outcome with this code.
async fn shown(browser: &Browser, code: &str) -> String {
    let text = browser.get("/code").await.text;
    text.strip_prefix(&format!("{code} ")).unwrap().to_owned()
}

fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("location").unwrap()
}

on_every_database! {
    async fn opening_the_page_spends_nothing_and_its_button_signs_in(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        let sent = ask(&app, &app.browser(), ADA).await;
        let path = format!("/email-login?token={}", sent.token);
        let scanner = app.browser();
        for method in [Method::GET, Method::HEAD, Method::GET] {
            let answer = scanner.send(method, &path, &[], Vec::new()).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(answer.set_cookies().is_empty());
        }
        let browser = app.browser();
        let answer = press(&browser, &sent.token, &[("sec-fetch-site", "same-origin")]).await;
        assert_eq!(location(&answer), format!("{FRONTEND}/"));
        assert!(browser.is_signed_in().await);

        let late = app.browser();
        let answer = press(&late, &sent.token, &[]).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.text.contains("expired") && !late.is_signed_in().await);
    }

    async fn a_page_of_the_app_signs_in_by_the_code(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        let browser = app.browser();
        let form = [("email", ADA), ("next", "/code")];
        let answer = browser.submit("/sign-in", "/email-login/request", &form).await;
        assert_eq!(location(&answer), "/code");
        let sent = read(&app, ADA, &shown(&browser, "ok").await).await;
        let wrong = sent.wrong_code();
        let form = [("challenge", &*sent.challenge), ("code", wrong["code"].as_str().unwrap())];
        let answer = browser.submit("/code", "/email-login/confirm", &form).await;
        assert_eq!(location(&answer), "/code");
        assert_eq!(shown(&browser, "invalid-code").await, sent.challenge, "the form has it again");
        let form = [("challenge", &*sent.challenge), ("code", &*sent.code)];
        let answer = browser.submit("/code", "/email-login/confirm", &form).await;
        assert_eq!(location(&answer), "/home");
        assert!(browser.is_signed_in().await);
    }

    async fn the_page_tells_whose_link_it_is(app: App) {
        let app = inviting(&app).await;
        verified(&app, "ada").await;
        let page = async |token: &str| app.browser().get(&format!("/email-login?token={token}")).await;
        for (address, shown) in
            [(ADA, "a…@example.com"), ("&eve@example.org", "&amp;…@example.org")]
        {
            let sent = ask(&app, &app.browser(), address).await;
            let answer = page(&sent.token).await;
            let button = format!("<button>Sign in as {shown}</button>");
            assert!(answer.status == 200 && answer.text.contains(&button), "{answer:?}");
            assert_eq!(confirm(&app.browser(), sent.link()).await.status, 200);
            for token in [&*sent.token, &"0".repeat(64)] {
                let answer = page(token).await;
                assert!(answer.status == 400 && answer.text.contains("expired"), "{answer:?}");
            }
        }
    }

    async fn the_button_leads_on_to_the_second_factor(app: App) {
        let app = mailed(&app).await;
        let ada = verified(&app, "ada").await;
        let setup = ada.post("/mfa/totp/setup", json!({ "password": PASSWORD })).await.json();
        let secret = setup["secret"].as_str().unwrap();
        let now = crudauth::Clock::now(&*app.clock).timestamp() / 30;
        ada.post("/mfa/totp/confirm", json!({ "code": totp(secret, now) })).await;
        let browser = app.browser();
        let sent = ask(&app, &browser, ADA).await;
        let answer = press(&browser, &sent.token, &[]).await;
        let challenge = location(&answer).strip_prefix(&format!("{FRONTEND}/#mfa_challenge=")).unwrap();
        assert!(!browser.is_signed_in().await);
        app.clock.advance(Duration::from_mins(1));
        let body = json!({ "challenge": challenge, "code": totp(secret, now + 2) });
        assert_eq!(browser.post("/mfa/verify", body).await.status, 200);
    }
}

#[tokio::test]
async fn the_page_has_no_scripts_and_is_kept_by_nobody() {
    let app = mailed(&App::on(crudauth_tests::Kind::Sqlite).await).await;
    for token in ["0".repeat(64), "\"><script>alert(1)</script>".to_owned()] {
        let token = serde_urlencoded::to_string([("token", token)]).unwrap();
        let answer = app.browser().get(&format!("/email-login?{token}")).await;
        assert!(!answer.text.contains("<script"), "{answer:?}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("content-type", "text/html; charset=utf-8"),
        ] {
            assert_eq!(answer.header(name), Some(value));
        }
        let policy = answer.header("content-security-policy").unwrap();
        for rule in [
            "default-src 'none'",
            &format!("form-action 'self' {FRONTEND}"),
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(rule), "{policy}");
        }
    }
}

#[tokio::test]
async fn the_button_goes_on_to_the_page_of_the_request() {
    let app = mailed(&App::on(crudauth_tests::Kind::Sqlite).await).await;
    verified(&app, "ada").await;
    for (asked, target) in [("/inbox?a=b#c", "/inbox?a=b#c"), ("/\u{e4}", "/%C3%A4")] {
        let body = json!({ "email": ADA, "redirect_to": asked });
        app.browser().post("/email-login/request", body).await;
        let token = token_of(&app.last_mail(EmailLogin, ADA).await);
        let browser = app.browser();
        let answer = press(&browser, &token, &[]).await;
        assert_eq!(location(&answer), format!("{FRONTEND}{target}"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert!(browser.is_signed_in().await);
    }
}

#[tokio::test]
async fn a_page_of_another_site_cannot_press_the_button() {
    let app = mailed(&App::on(crudauth_tests::Kind::Sqlite).await).await;
    verified(&app, "ada").await;
    let sent = ask(&app, &app.browser(), ADA).await;
    for header in
        [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")]
    {
        let browser = app.browser();
        let answer = press(&browser, &sent.token, &[header]).await;
        assert_refused(&browser, &answer, 403, "cross-site").await;
    }
    let browser = app.browser();
    press(&browser, &sent.token, &[]).await;
    assert!(browser.is_signed_in().await, "nothing was spent");
}
