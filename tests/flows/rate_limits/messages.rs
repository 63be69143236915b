//! Rate limits of messages: by address, over all kinds and over all clients.

use std::time::Duration;

use crudauth::email::MessageKind;
use crudauth_tests::{App, PASSWORD, concurrently, on_every_database};
use serde_json::json;

use super::{NEW, advance, app, request_reset};

#[tokio::test]
async fn one_address_gets_five_links_an_hour_and_the_answer_hides_it() {
    let app = app().await;
    app.register("ada").await;
    let first = request_reset(&app.browser(), "ada").await;
    for _ in 0..6 {
        let answer = request_reset(&app.browser(), "ADA").await;
        assert_eq!(answer.comparable(), first.comparable());
    }
    let count = async |kind| app.mail_count(kind, "ada@example.com").await;
    assert_eq!(count(MessageKind::ResetPassword).await, 5);
    // The mail of the sign-up counts.
    for _ in 0..6 {
        let body = json!({ "email": "ada@example.com" });
        assert_eq!(app.browser().post("/email/verify-request", body).await.status, 200);
    }
    assert_eq!(count(MessageKind::VerifyEmail).await, 5);
    advance(&app, 3600);
    request_reset(&app.browser(), "ada").await;
    assert_eq!(count(MessageKind::ResetPassword).await, 6);
}

/// Messages of every kind to this address.
async fn mails_to(app: &App, address: &str) -> usize {
    app.auth.drained().await;
    app.outbox.messages().iter().filter(|mail| mail.to.as_str() == address).count()
}

#[tokio::test]
async fn an_unproved_address_has_one_budget_over_all_kinds_of_messages() {
    let app = app().await;
    let address = "ada@example.com";
    // A stranger signs up with the address, and makes it get what an account can make it get.
    let stranger = app.member("ada").await;
    for at in 0..7 {
        for path in ["/email/verify-request", "/password/reset-request"] {
            app.browser().post(path, json!({ "email": address })).await;
        }
        app.register("ada").await;
        let new = json!({ "new_email": format!("new{at}@example.com"), "password": PASSWORD });
        stranger.post("/email/change-request", new).await;
        stranger.change_password(PASSWORD, PASSWORD).await;
    }
    // Ten, and one link of each kind beyond them, so that an owner is not kept from it.
    assert_eq!(mails_to(&app, address).await, 12);
    app.clock.advance(Duration::from_secs(3600));
    app.browser().post("/email/verify-request", json!({ "email": address })).await;
    assert_eq!(mails_to(&app, address).await, 13);
}

/// Signs up with an address under a new name.
async fn sign_up_with(app: &App, address: &str, n: u32) {
    let body = json!({ "email": address, "username": format!("name{n}"), "password": PASSWORD });
    assert_eq!(app.browser().post("/register", body).await.status, 202);
}

#[tokio::test]
async fn other_messages_keep_no_reset_link_from_an_owner() {
    let app = app().await;
    let address = "ada@example.com";
    app.register("ada").await;
    for n in 0..7 {
        app.browser().post("/email/verify-request", json!({ "email": address })).await;
        sign_up_with(&app, address, n).await;
    }
    assert_eq!(mails_to(&app, address).await, 10);
    let token = app.reset_token(address).await;
    app.browser().post("/password/reset-request", json!({ "email": address })).await;
    assert_eq!(mails_to(&app, address).await, 11, "the owner has a link that lives");
    let body = json!({ "token": token, "new_password": NEW });
    assert_eq!(app.browser().post("/password/reset-confirm", body).await.status, 200);
}

#[tokio::test]
async fn a_proved_address_gets_every_notice_of_a_change() {
    let app = app().await;
    let address = "ada@example.com";
    app.register("ada").await;
    let token = app.token(MessageKind::VerifyEmail, address).await;
    let body = json!({ "token": token });
    assert_eq!(app.browser().post("/email/verify-confirm", body).await.status, 200);
    let ada = app.signed_in("ada", PASSWORD).await;
    for n in 0..7 {
        app.browser().post("/password/reset-request", json!({ "email": address })).await;
        sign_up_with(&app, address, n).await;
    }
    assert!(mails_to(&app, address).await >= 10);
    assert_eq!(ada.change_password(PASSWORD, NEW).await.status, 200);
    assert_eq!(app.mail_count(MessageKind::PasswordChanged, address).await, 1);
}

#[tokio::test]
async fn one_new_address_gets_three_links_an_hour_from_all_accounts_together() {
    let app = app().await;
    let mut details = Vec::new();
    for at in 0..5 {
        let member = app.member(&format!("name{at}")).await;
        let body = json!({ "new_email": "victim@example.org", "password": PASSWORD });
        details.push(member.post("/email/change-request", body).await.comparable());
    }
    details.dedup();
    assert_eq!(details.len(), 1, "the answer does not change: {details:?}");
    assert_eq!(app.mail_count(MessageKind::ChangeEmail, "victim@example.org").await, 3);
}

#[tokio::test]
async fn address_changes_are_also_counted_by_network() {
    let app = app().await;
    let office = app.browser().ip;
    for (at, status) in [200, 200, 200, 429].into_iter().enumerate() {
        let member = app.member(&format!("name{at}")).await.at(&office);
        let body = json!({ "new_email": format!("new{at}@example.org"), "password": PASSWORD });
        assert_eq!(member.post("/email/change-request", body).await.status, status, "{at}");
    }
    assert_eq!(app.mail_count(MessageKind::ChangeEmail, "new3@example.org").await, 0);
}

on_every_database! {
    async fn twenty_concurrent_requests_for_one_address_send_five_mails(app: App) {
        app.register("ada").await;
        concurrently((0..20).map(|_| {
            let browser = app.browser();
            async move { request_reset(&browser, "ada").await }
        }))
        .await;
        assert_eq!(app.mail_count(MessageKind::ResetPassword, "ada@example.com").await, 5);
    }
}
