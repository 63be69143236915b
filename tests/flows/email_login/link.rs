//! The link.

use super::*;

on_every_database! {
    async fn the_link_signs_in_any_browser_and_works_once(app: App) {
        let app = mailed(&app).await;
        let id = verified(&app, "ada").await.id().await;
        let sent = ask(&app, &app.browser(), ADA).await;
        let other = app.browser();
        let answer = confirm(&other, sent.link()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!((answer.json()["id"].as_i64(), other.id().await), (Some(id), id));
        assert!(app.browser().login("ada", PASSWORD).await.status == 200, "the password stays");

        let late = app.browser();
        assert_refused(&late, &confirm(&late, sent.link()).await, 400, "token-used").await;
    }

    async fn the_link_spends_the_code_and_the_code_the_link(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        for link_first in [true, false] {
            let browser = app.browser();
            let sent = ask(&app, &browser, ADA).await;
            let (first, second) =
                if link_first { (sent.link(), sent.code()) } else { (sent.code(), sent.link()) };
            assert_eq!(confirm(&browser, first).await.status, 200);
            browser.drop_cookie("session_id");
            assert_refused(&browser, &confirm(&browser, second).await, 400, "token-used").await;
        }
    }

    async fn a_sign_in_makes_earlier_links_void(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        let first = ask(&app, &app.browser(), ADA).await;
        let second = ask(&app, &app.browser(), ADA).await;
        assert_eq!(confirm(&app.browser(), second.link()).await.status, 200);
        let late = app.browser();
        assert_refused(&late, &confirm(&late, first.link()).await, 400, "invalid-token").await;
    }

    async fn a_link_ends_with_its_lifetime(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        let browser = app.browser();
        let sent = ask(&app, &browser, ADA).await;
        app.clock.advance(Duration::from_mins(10));
        assert_refused(&browser, &confirm(&browser, sent.link()).await, 400, "invalid-token").await;
        assert_refused(&browser, &confirm(&browser, sent.code()).await, 400, "invalid-token").await;
    }

    async fn a_change_of_the_account_makes_its_links_void(app: App) {
        let app = mailed(&app).await;
        let ada = verified(&app, "ada").await;
        for change in ["password", "address", "disabled"] {
            let sent = ask(&app, &app.browser(), ADA).await;
            match change {
                "password" => {
                    let answer = ada.change_password(PASSWORD, "another-strong-one").await;
                    assert_eq!(answer.status, 200, "{answer:?}");
                }
                "address" => app.database.execute("UPDATE users SET email = 'new@example.com'").await,
                _ => app.database.execute("UPDATE users SET is_active = FALSE").await,
            }
            let browser = app.browser();
            let answer = confirm(&browser, sent.link()).await;
            assert_refused(&browser, &answer, 400, "invalid-token").await;
            app.database.execute("UPDATE users SET email = 'ada@example.com'").await;
        }
    }

    async fn a_link_of_another_purpose_signs_nobody_in(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        let reset = app.reset_token(ADA).await;
        let browser = app.browser();
        let answer = confirm(&browser, json!({ "token": reset })).await;
        assert_refused(&browser, &answer, 400, "invalid-token").await;
        let sent = ask(&app, &browser, ADA).await;
        let body = json!({ "token": sent.token, "new_password": "another-strong-one" });
        assert_eq!(browser.post("/password/reset-confirm", body).await.code(), "invalid-token");
        assert_eq!(confirm(&browser, sent.link()).await.status, 200);
    }

    async fn the_page_to_go_on_to_comes_back(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        for (asked, told) in [("/inbox?a=b", json!("/inbox?a=b")), ("//evil.example", Value::Null)] {
            let body = json!({ "email": ADA, "redirect_to": asked });
            assert_eq!(app.browser().post("/email-login/request", body).await.status, 202);
            let token = token_of(&app.last_mail(EmailLogin, ADA).await);
            let answer = confirm(&app.browser(), json!({ "token": token })).await;
            assert_eq!(answer.json()["redirect_to"], told, "{answer:?}");
        }
    }

    async fn a_remembered_session_outlives_the_browser(app: App) {
        let app = mailed(&app).await;
        verified(&app, "ada").await;
        let sent = ask(&app, &app.browser(), ADA).await;
        let body = json!({ "token": sent.token, "remember_me": true });
        let answer = confirm(&app.browser(), body).await;
        let cookies = answer.set_cookies();
        assert!(cookies.iter().any(|one| one.starts_with("session_id=") && one.contains("Max-Age")));
    }
}

#[tokio::test]
async fn the_sign_in_replaces_the_session_of_the_browser() {
    let app = mailed(&App::on(crudauth_tests::Kind::Sqlite).await).await;
    let ada = verified(&app, "ada").await;
    let before = ada.stolen();
    let sent = ask(&app, &ada, ADA).await;
    assert_eq!(confirm(&ada, sent.link()).await.status, 200);
    assert!(ada.is_signed_in().await);
    assert!(!before.is_signed_in().await);
}
