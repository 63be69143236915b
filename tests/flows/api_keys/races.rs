//! Races between creating a key and revoking its creator. Once the revocation is answered, no
//! further key is handed out.

use super::*;

const MANY: usize = 20;

/// Creates keys with one credential in many tasks while another task revokes it.
async fn race<T: Future<Output = u16> + Send + 'static>(
    app: &App,
    making: impl Fn() -> T,
    ending: impl Future<Output = Answer> + Send + 'static,
) {
    let keys = "users_api_keys";
    let mut racing: Vec<_> = (0..5).map(|_| tokio::spawn(making())).collect();
    let ending = tokio::spawn(ending);
    racing.extend((5..MANY).map(|_| tokio::spawn(making())));
    let ended = ending.await.unwrap();
    assert_eq!(ended.status, 200, "{ended:?}");
    let so_far = app.database.count(keys).await;
    let mut made = 0;
    for task in racing {
        match task.await.unwrap() {
            201 => made += 1,
            status => assert_eq!(status, 401, "a revoked credential gets 401"),
        }
    }
    // A key without a valid creator may have existed for a moment, and nobody has seen its secret.
    assert_eq!(app.database.count(keys).await, made);
    assert!(made <= so_far, "{made} of {so_far}");
}

on_every_database! {
    async fn a_token_creates_no_key_after_its_revocation_is_answered(app: App) {
        // The token is trusted until it expires: no statement checks it before the insert.
        let mut trusting = Setup::default();
        trusting.bearer.trust_until_expiry = true;
        let (_, app) = app.all(trusting).await;
        let ada = app.member("ada").await;
        let pair = app.pair("ada").await;
        assert!(app.browser().accepts(&pair.access).await);
        race(&app, || by_token(&app, &pair), async move { ada.delete("/tokens").await }).await;
    }

    async fn a_session_creates_no_key_after_its_revocation_is_answered(app: App) {
        let app = app.with_tokens().await;
        let ada = app.member("ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let path = session_of(&ada).await;
        race(&app, || by_session(&ada), async move { phone.delete(&path).await }).await;
    }
}

fn by_token(app: &App, pair: &Pair) -> impl Future<Output = u16> + use<> {
    let browser = app.browser();
    let token = pair.access.clone();
    let body = json!({ "name": "cron" });
    async move { browser.send_bearer_json(&token, Method::POST, "/api-keys", &body).await.status }
}

fn by_session(browser: &Browser) -> impl Future<Output = u16> + use<> {
    let browser = browser.clone();
    async move { create_key(&browser, json!({ "name": "cron" })).await.status }
}

/// The path at which another session of the account revokes this one.
async fn session_of(browser: &Browser) -> String {
    let listed = browser.get("/sessions").await.json();
    let mut current = listed.as_array().unwrap().iter().filter(|one| one["current"] == true);
    format!("/sessions/{}", current.next().unwrap()["id"].as_str().unwrap())
}
