//! Events that are kept with their effects.

use crudauth_tests::{Kind, Log};

use super::*;

/// The kinds of the kept events of an account, the oldest first.
pub(super) async fn kinds(auth: &Full, id: i64) -> Vec<String> {
    auth.drained().await;
    let mut kinds = Vec::new();
    let mut cursor = None;
    loop {
        let page = auth.accounts().audit().of(&id, cursor.as_deref()).await.unwrap();
        kinds.extend(page.records.into_iter().map(|record| record.kind));
        cursor = page.next;
        if cursor.is_none() {
            kinds.reverse();
            return kinds;
        }
    }
}

/// Asserts that the events are kept with these kinds, in this order, and that the chain is whole.
async fn assert_kept(auth: &Full, id: i64, expected: &[&str]) {
    assert_eq!(kinds(auth, id).await, expected);
    let verified = auth.accounts().audit().verify_account(&id).await.unwrap();
    assert_eq!(verified.faults, []);
    assert_eq!(verified.rows, expected.len() as u64);
}

/// Makes the database refuse new rows of the trail.
pub(super) async fn break_trail(app: &App) {
    app.database.execute("ALTER TABLE users_audit RENAME TO users_audit_away").await;
}

pub(super) async fn mend_trail(app: &App) {
    app.database.execute("ALTER TABLE users_audit_away RENAME TO users_audit").await;
}

/// The status of a change of the full name.
async fn rename(browser: &Browser, name: &str) -> u16 {
    let headers = [("content-type", "application/json")];
    let body = json!({ "full_name": name }).to_string().into_bytes();
    browser.send(Method::PATCH, "/me", &headers, body).await.status
}

on_every_database! {
    async fn every_change_is_kept_in_order(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        let ada = owner(&app, "ada").await;
        let id = ada.id().await;
        auth.drained().await;
        api_key(&ada).await;
        assert_eq!(rename(&ada, "Countess").await, 200);
        assert_eq!(ada.change_password(PASSWORD, "another-strong-one").await.status, 200);
        let token = app.reset_token("ada@example.com").await;
        let reset = json!({ "token": token, "new_password": PASSWORD });
        assert_eq!(app.browser().post("/password/reset-confirm", reset).await.status, 200);
        assert_eq!(app.browser().login("ada", "a-wrong-one").await.status, 401);
        auth.drained().await;
        let ada = app.signed_in("ada", PASSWORD).await;
        tokens(&app, "ada").await;
        assert_eq!(ada.post("/logout-all", json!({})).await.status, 200);
        assert!(auth.accounts().disable(&id).await.unwrap());
        assert!(auth.accounts().enable(&id).await.unwrap());
        let expected = [
            "registered", "signed-in", "session-elevated", "api-key-created", "profile-edited",
            "password-changed", "one-time-token-issued", "password-reset", "sign-in-rejected", "signed-in", "signed-in",
            "sessions-revoked", "all-tokens-revoked", "account-disabled", "account-enabled",
        ];
        assert_kept(&auth, id, &expected).await;
    }

    async fn an_administrator_is_kept_and_not_shown_to_the_owner(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        let id = app.member("ada").await.id().await;
        let root = owner(&app, "root").await;
        promote(&app, "root").await;
        let path = format!("/admin/accounts/{id}");
        let disabled = root.post(&format!("{path}/disable"), json!({ "reason": "spam" })).await;
        assert_eq!(disabled.status, 200, "{disabled:?}");
        assert_eq!(root.post(&format!("{path}/enable"), json!({})).await.status, 200);
        let root = root.id().await.to_string();
        let page = auth.accounts().audit().of(&id, None).await.unwrap();
        let by_root = |kind: &str| {
            let mut records = page.records.iter();
            records.find(|one| one.kind == kind).and_then(|one| one.actor.clone())
        };
        assert_eq!(by_root("disabled-by-administrator").as_ref(), Some(&root));
        assert_eq!(by_root("enabled-by-administrator").as_ref(), Some(&root));
        let ada = app.signed_in("ada", PASSWORD).await;
        let events = ada.get("/account/events").await.json();
        let shown = &events["events"][2];
        assert_eq!(shown["event"], "disabled-by-administrator", "{events}");
        assert_eq!(shown["by_administrator"], true);
        let fields: Vec<_> = shown.as_object().unwrap().keys().cloned().collect();
        let expected =
            ["by_administrator", "created_at", "credential", "device", "event", "ip"];
        assert_eq!(fields, expected);
    }

    async fn the_owner_pages_through_the_own_events(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        app.member("eve").await;
        let mut ada = app.member("ada").await;
        for _ in 0..30 {
            ada = app.signed_in("ada", PASSWORD).await;
        }
        let first = ada.get("/account/events").await.json();
        assert_eq!(first["events"].as_array().unwrap().len(), 25);
        let next = first["next"].as_str().unwrap();
        let second = ada.get(&format!("/account/events?cursor={next}")).await.json();
        let second = second.as_object().unwrap();
        assert!(second["next"].is_null());
        let kinds: Vec<_> = second["events"].as_array().unwrap().iter().collect();
        // One sign-up and 31 sign-ins in all.
        assert_eq!(kinds.len(), 7);
        assert_eq!(kinds[6]["event"], "registered");
        let network = ada.ip.rsplit_once('.').unwrap().0.to_owned() + ".0/24";
        assert_eq!(first["events"][0]["ip"], network, "the host is not kept");
        assert_eq!(ada.get("/account/events?cursor=x").await.json()["events"], json!([]));
        assert_eq!(app.browser().get("/account/events").await.status, 401);
    }

    async fn a_change_whose_event_cannot_be_kept_is_not_made(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        let ada = owner(&app, "ada").await;
        let id = ada.id().await;
        auth.drained().await;
        break_trail(&app).await;
        assert_eq!(ada.change_password(PASSWORD, "another-strong-one").await.status, 500);
        assert_eq!(ada.post("/api-keys", json!({ "name": "backup" })).await.status, 500);
        assert_eq!(rename(&ada, "Countess").await, 500);
        assert_eq!(ada.post("/sudo", json!({ "password": PASSWORD })).await.status, 500);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 500);
        assert_eq!(app.register("bob").await.status, 500);
        assert!(auth.accounts().disable(&id).await.is_err());
        auth.drained().await;
        mend_trail(&app).await;
        assert!(ada.is_signed_in().await, "neither the password nor the account has changed");
        assert_eq!(app.database.count("users WHERE full_name = 'Countess'").await, 0);
        assert_eq!(app.database.count("users").await, 1);
        assert_eq!(app.database.count("users_api_keys").await, 0);
        assert_eq!(app.database.count("users_sessions").await, 1);
    }

    async fn a_stranger_who_guesses_without_end_leaves_a_few_rows(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        for attempt in 1..=200 {
            let expected = if attempt < 6 { 401 } else { 429 };
            assert_eq!(app.browser().login("ada", "a-wrong-one").await.status, expected);
        }
        elevated(&ada).await;
        let mut expected = vec!["registered", "signed-in"];
        expected.extend(["sign-in-rejected"; 6]);
        expected.extend(["sign-in-locked-out", "session-elevated"]);
        assert_kept(&auth, ada.id().await, &expected).await;
    }

    async fn of_rejections_of_one_kind_twenty_an_hour_are_kept(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let id = ada.id().await;
        let reject = async |browser: &Browser| {
            let answer = browser.change_password("a-wrong-one", "another-strong-one").await;
            assert_eq!(answer.status, 401, "{answer:?}");
        };
        for _ in 0..25 {
            reject(&ada).await;
        }
        assert_eq!(app.browser().login("ada", "a-wrong-one").await.status, 401);
        let mut expected = vec!["registered", "signed-in"];
        expected.extend(["password-change-rejected"; 20]);
        expected.push("sign-in-rejected");
        assert_kept(&auth, id, &expected).await;
        app.clock.advance(Duration::from_hours(1));
        reject(&app.signed_in("ada", PASSWORD).await).await;
        expected.extend(["signed-in", "password-change-rejected"]);
        assert_kept(&auth, id, &expected).await;
    }

    async fn a_change_that_does_not_happen_leaves_no_row(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        let id = app.member("ada").await.id().await;
        let before = kinds(&auth, id).await;
        let accounts = auth.accounts();
        assert!(!accounts.disable(&(id + 1)).await.unwrap());
        assert!(!accounts.delete(&(id + 1)).await.unwrap());
        assert_eq!(app.register("ada").await.status, 422);
        assert_eq!(kinds(&auth, id).await, before);
        assert_eq!(kinds(&auth, id + 1).await, [""; 0]);
    }

    async fn the_history_of_a_deleted_account_stays_and_is_not_the_next_holders(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        let ada = owner(&app, "ada").await;
        let id = ada.id().await;
        auth.drained().await;
        assert_eq!(ada.post("/account/delete", json!({})).await.status, 200);
        let history = kinds(&auth, id).await;
        assert_eq!(history.last().map(String::as_str), Some("account-deleted"));
        assert_eq!(history.len(), 4);
        // The database gives the key away again.
        let bob = app.member("bob").await;
        let (old, new) = (bob.id().await, id);
        if old != new {
            app.database.execute(&format!("UPDATE users SET id = {new} WHERE id = {old}")).await;
        }
        let bob = app.signed_in("bob", PASSWORD).await;
        let events = bob.get("/account/events").await.json();
        let events = events["events"].as_array().unwrap();
        assert!(events.iter().all(|one| one["event"] == "signed-in" || one["event"] == "registered"));
        assert_eq!(auth.accounts().audit().verify().await.unwrap().faults, []);
    }
}

async fn assert_no_secret(kind: Kind) {
    let app = App::on(kind).await;
    let log = Log::listen();
    let (auth, app) = full(&app, Setup::default()).await;
    let ada = owner(&app, "ada").await;
    let key = api_key(&ada).await;
    let (access, refresh) = tokens(&app, "ada").await;
    let (secret, codes) = enrol(&app, &ada).await;
    let token = app.reset_token("ada@example.com").await;
    auth.drained().await;
    let id = ada.id().await;
    let mut kept = log.text();
    let page = auth.accounts().audit().of(&id, None).await.unwrap();
    assert!(page.records.len() > 5);
    kept.push_str(&format!("{:?}", page.records));
    let cookies = ada.cookies();
    let mut secrets = vec![key, access, refresh, secret, token, PASSWORD.to_owned()];
    secrets.extend(codes);
    secrets.extend(["session_id", "csrf_token"].map(|name| cookies[name].clone()));
    secrets.push("ada@example.com".to_owned());
    for secret in secrets {
        assert!(!kept.contains(&secret), "{secret} in {kept}");
    }
}

/// On one thread, whose log is captured.
#[tokio::test]
async fn no_row_and_no_line_of_the_log_has_a_secret_or_a_name() {
    for kind in [Kind::Sqlite, Kind::Postgres, Kind::MySql] {
        assert_no_secret(kind).await;
    }
}
