//! Actions of superusers.

use crudauth::admin::Administrators;
use crudauth::flow::Proof;
use crudauth::{Account, Principal};
use crudauth_tests::Log;

use super::*;

/// A superuser with an elevated session.
pub(super) async fn admin(app: &App, name: &str) -> Browser {
    let browser = app.member(name).await;
    promote(app, name).await;
    elevated(&browser).await;
    browser
}

async fn act(browser: &Browser, id: i64, action: &str, body: Value) -> Answer {
    browser.post(&format!("/admin/accounts/{id}/{action}"), body).await
}

async fn disable(browser: &Browser, id: i64) -> Answer {
    act(browser, id, "disable", json!({ "reason": "spam" })).await
}

const ACTIONS: [&str; 8] = [
    "disable",
    "enable",
    "end-sessions",
    "force-password-change",
    "send-reset",
    "remove-factor",
    "demote",
    "impersonate",
];

on_every_database! {
    async fn only_a_superuser_with_fresh_proof_acts(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let root = app.member("root").await;
        let ada = owner(&app, "ada").await;
        let id = ada.id().await;
        promote(&app, "root").await;
        let body = json!({ "reason": "spam" });
        for action in ACTIONS {
            let path = format!("/admin/accounts/{id}/{action}");
            assert_eq!(app.browser().post(&path, body.clone()).await.status, 401, "{action}");
            assert_eq!(ada.post(&path, body.clone()).await.code(), "insufficient-privileges");
            let stale = root.post(&path, body.clone()).await;
            assert_eq!(stale.code(), "reauthentication-required", "{action}");
        }
        for path in ["/admin/accounts".to_owned(), format!("/admin/accounts/{id}")] {
            assert_eq!(app.browser().get(&path).await.status, 401);
            assert_eq!(ada.get(&path).await.code(), "insufficient-privileges");
            assert_eq!(root.get(&path).await.status, 200);
        }
        let headers = [("x-csrf-token", "wrong"), ("content-type", "application/json")];
        elevated(&root).await;
        let path = format!("/admin/accounts/{id}/disable");
        let forged = root.send(Method::POST, &path, &headers, body.to_string().into_bytes()).await;
        assert_eq!(forged.code(), "csrf-invalid");
        assert!(ada.is_signed_in().await);
    }

    async fn without_sudo_the_password_proves_the_superuser(app: App) {
        let (_, app) = plain(&app, Setup::default()).await;
        let root = app.member("root").await;
        let id = app.member("ada").await.id().await;
        promote(&app, "root").await;
        assert_eq!(disable(&root, id).await.code(), "wrong-password");
        let body = json!({ "reason": "spam", "password": PASSWORD });
        assert_eq!(act(&root, id, "disable", body).await.status, 200);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
    }

    async fn a_disabled_account_is_out_everywhere_until_it_is_enabled(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let root = admin(&app, "root").await;
        let ada = app.member("ada").await;
        let id = ada.id().await;
        let (access, _) = tokens(&app, "ada").await;
        let key = api_key(&ada).await;
        assert_eq!(disable(&root, id).await.status, 200);
        assert!(!ada.is_signed_in().await);
        assert_eq!([me_with(&app, &access).await, me_with(&app, &key).await], [401, 401]);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
        assert_eq!(app.mail_count(MessageKind::AccountDisabled, "ada@example.com").await, 1);
        let shown = root.get(&format!("/admin/accounts/{id}")).await.json();
        assert_eq!((&shown["is_active"], &shown["suspension"]["reason"]), (&json!(false), &json!("spam")));
        assert_eq!(shown["suspension"]["by"], root.id().await.to_string());
        assert_eq!(act(&root, id, "enable", json!({})).await.status, 200);
        assert!(!ada.is_signed_in().await, "earlier sessions stay dead");
        app.signed_in("ada", PASSWORD).await;
        let shown = root.get(&format!("/admin/accounts/{id}")).await.json();
        assert_eq!((&shown["is_active"], &shown["suspension"]), (&json!(true), &json!(null)));
    }

    async fn a_forgotten_deletion_does_not_delete_a_suspended_account(app: App) {
        let (auth, app) = full(&app, Setup::grace()).await;
        let root = admin(&app, "root").await;
        let ada = owner(&app, "ada").await;
        let id = ada.id().await;
        assert_eq!(ada.post("/account/delete", json!({})).await.status, 202);
        // Other software knows nothing of the deletion.
        app.database.execute(&format!("UPDATE users SET is_active = TRUE WHERE id = {id}")).await;
        assert_eq!(disable(&root, id).await.status, 200);
        app.clock.advance(2 * MONTH);
        auth.purge().await.unwrap();
        assert_eq!(app.database.count(&format!("users WHERE id = {id}")).await, 1);
    }

    async fn an_owner_who_leaves_is_disabled_and_cannot_return(app: App) {
        let (auth, app) = full(&app, Setup::grace()).await;
        let root = admin(&app, "root").await;
        let ada = owner(&app, "ada").await;
        let id = ada.id().await;
        assert_eq!(ada.post("/account/delete", json!({})).await.status, 202);
        let token = app.token(MessageKind::DeletionRequested, "ada@example.com").await;
        assert_eq!(disable(&root, id).await.status, 200);
        let answer = app.browser().post("/account/restore", json!({ "token": token })).await;
        assert_eq!((answer.status, &*answer.code()), (400, "invalid-token"));
        app.clock.advance(2 * MONTH);
        auth.purge().await.unwrap();
        assert_eq!(app.database.count(&format!("users WHERE id = {id}")).await, 0, "and is deleted");
    }

    async fn a_suspension_ends_by_a_purge_unless_the_account_has_changed(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        let root = admin(&app, "root").await;
        let (ada, bob) = (app.member("ada").await.id().await, app.member("bob").await.id().await);
        let until = app.clock.now() + Duration::from_secs(120);
        for id in [ada, bob] {
            let past = json!({ "reason": "x", "until": app.clock.now() });
            assert_eq!(act(&root, id, "disable", past).await.code(), "invalid-fields");
            let body = json!({ "reason": "cool down", "until": until });
            assert_eq!(act(&root, id, "disable", body).await.status, 200);
        }
        auth.purge().await.unwrap();
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
        assert!(auth.accounts().disable(&bob).await.unwrap());
        app.clock.advance(Duration::from_secs(121));
        auth.drained().await;
        audit::break_trail(&app).await;
        assert_eq!(auth.accounts().admin().end_suspensions().await.unwrap(), 0);
        audit::mend_trail(&app).await;
        let still = format!("users WHERE id = {ada} AND NOT is_active");
        assert_eq!(app.database.count(&still).await, 1, "the event is kept with the change");
        auth.purge().await.unwrap();
        app.signed_in("ada", PASSWORD).await;
        assert_eq!(app.browser().login("bob", PASSWORD).await.status, 401);
    }

    async fn an_account_whose_event_is_not_kept_keeps_no_other_from_a_purge(app: App) {
        let (auth, app) = full(&app, Setup::grace()).await;
        let root = admin(&app, "root").await;
        let (ada, bob) = (app.member("ada").await.id().await, app.member("bob").await.id().await);
        let eve = owner(&app, "eve").await;
        let eves = eve.id().await;
        for (id, seconds) in [(ada, 60), (bob, 120)] {
            let until = app.clock.now() + Duration::from_secs(seconds);
            let body = json!({ "reason": "cool down", "until": until });
            assert_eq!(act(&root, id, "disable", body).await.status, 200);
        }
        assert_eq!(eve.post("/account/delete", json!({})).await.status, 202);
        auth.drained().await;
        // The trail has no room for the end of one suspension.
        let taken = "UPDATE users_audit SET kind = 'suspension-ended' WHERE kind = 'registered'";
        app.database.execute(&format!("{taken} AND user_id = {ada}")).await;
        app.database.execute("CREATE UNIQUE INDEX once ON users_audit (user_id, kind)").await;
        app.clock.advance(MONTH);
        auth.purge().await.unwrap();
        let disabled = |id: i64| format!("users WHERE id = {id} AND NOT is_active");
        assert_eq!(app.database.count(&disabled(ada)).await, 1);
        assert_eq!(app.database.count(&disabled(bob)).await, 0);
        assert_eq!(app.database.count(&format!("users WHERE id = {eves}")).await, 0);
    }

    async fn a_reason_replaces_an_earlier_one_but_no_other_cause(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        let root = admin(&app, "root").await;
        let (ada, bob) = (app.member("ada").await.id().await, app.member("bob").await.id().await);
        assert_eq!(disable(&root, ada).await.status, 200);
        assert_eq!(act(&root, ada, "disable", json!({ "reason": "fraud" })).await.status, 200);
        let shown = root.get(&format!("/admin/accounts/{ada}")).await.json();
        assert_eq!(shown["suspension"]["reason"], "fraud");
        assert!(auth.accounts().disable(&bob).await.unwrap());
        assert_eq!(disable(&root, bob).await.code(), "already-disabled");
        let long = json!({ "reason": "x".repeat(501) });
        assert_eq!(act(&root, ada, "disable", long).await.code(), "invalid-fields");
        assert_eq!(act(&root, ada, "disable", json!({})).await.code(), "invalid-fields");
        assert_eq!(disable(&root, ada + 1000).await.code(), "not-found");
    }

    async fn a_plain_call_disables_and_deletes_without_a_mail(app: App) {
        let (auth, app) = full(&app, Setup::default()).await;
        let id = app.member("ada").await.id().await;
        assert!(auth.accounts().disable(&id).await.unwrap());
        assert!(auth.accounts().delete(&id).await.unwrap());
        for kind in [MessageKind::AccountDisabled, MessageKind::AccountDeleted] {
            assert_eq!(app.mail_count(kind, "ada@example.com").await, 0, "{kind:?}");
        }
    }

    async fn the_last_active_superuser_stays(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let root = admin(&app, "root").await;
        let id = root.id().await;
        for action in ["disable", "demote"] {
            let answer = act(&root, id, action, json!({ "reason": "by mistake" })).await;
            assert_eq!(answer.code(), "last-superuser", "{action}");
        }
        let other = admin(&app, "other").await;
        assert_eq!(act(&other, id, "demote", json!({})).await.status, 200);
        assert_eq!(root.get("/admin/accounts").await.code(), "insufficient-privileges");
        let answer = act(&other, other.id().await, "demote", json!({})).await;
        assert_eq!(answer.code(), "last-superuser");
    }

    async fn two_superusers_that_disable_each_other_at_once_leave_one(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        for round in 0..8 {
            let names = [format!("a{round}"), format!("b{round}")];
            app.database.execute("UPDATE users SET is_superuser = FALSE").await;
            let one = admin(&app, &names[0]).await;
            let other = admin(&app, &names[1]).await;
            let ids = [one.id().await, other.id().await];
            let jobs = [(one, ids[1]), (other, ids[0])];
            let answers =
                concurrently(jobs.map(|(by, id)| async move { disable(&by, id).await })).await;
            assert!(count_status(&answers, 200) <= 1, "{answers:?}");
            let left = app.database.count("users WHERE is_superuser AND is_active").await;
            assert!(left >= 1, "{answers:?}");
        }
    }

    async fn ended_sessions_and_a_forced_password_change_let_the_owner_in_again(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let root = admin(&app, "root").await;
        let ada = app.member("ada").await;
        let id = ada.id().await;
        let (access, _) = tokens(&app, "ada").await;
        let answer = act(&root, id, "end-sessions", json!({})).await;
        assert_eq!((answer.status, &answer.json()["revoked"]), (200, &json!(2)));
        assert!(!ada.is_signed_in().await && me_with(&app, &access).await == 401);
        let ada = app.signed_in("ada", PASSWORD).await;
        assert_eq!(act(&root, id, "force-password-change", json!({})).await.status, 200);
        assert!(!ada.is_signed_in().await);
        assert_eq!(app.browser().login("ada", PASSWORD).await.status, 401);
        let token = app.token(MessageKind::ResetPassword, "ada@example.com").await;
        let confirm = json!({ "token": token, "new_password": "another-strong-one" });
        assert_eq!(app.browser().post("/password/reset-confirm", confirm).await.status, 200);
        app.signed_in("ada", "another-strong-one").await;
        assert_eq!(act(&root, id, "send-reset", json!({})).await.status, 200);
        assert_eq!(app.mail_count(MessageKind::ResetPassword, "ada@example.com").await, 2);
    }

    async fn a_lost_factor_is_removed(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let root = admin(&app, "root").await;
        let ada = app.member("ada").await;
        let id = ada.id().await;
        enrol(&app, &ada).await;
        assert_eq!(app.browser().login("ada", PASSWORD).await.json()["mfa_required"], true);
        for removed in [true, false] {
            let answer = act(&root, id, "remove-factor", json!({})).await;
            assert_eq!((answer.status, &answer.json()["removed"]), (200, &json!(removed)));
        }
        assert!(!ada.is_signed_in().await);
        app.signed_in("ada", PASSWORD).await;
        assert_eq!(app.mail_count(MessageKind::SecondFactorRemoved, "ada@example.com").await, 1);
    }
}

#[tokio::test]
async fn the_log_names_the_administrator_and_the_account() {
    let app = App::on(crudauth_tests::Kind::Sqlite).await;
    let (auth, app) = full(&app, Setup::default()).await;
    let root = admin(&app, "root").await;
    let ada = app.member("ada").await.id().await;
    let log = Log::listen();
    assert_eq!(disable(&root, ada).await.status, 200);
    let text = log.text();
    let line = text.lines().find(|line| line.contains("account disabled by administrator"));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    assert!(
        line.contains(&format!("account={ada}")) || line.contains(&format!("account=\"{ada}\""))
    );
    let actor = root.id().await;
    assert!(
        line.contains(&format!("actor={actor}")) || line.contains(&format!("actor=\"{actor}\""))
    );

    // A command line acts without a proof, and a caller of no rank never.
    let accounts = auth.accounts();
    let account: Account<Person> = accounts.find(&ada).await.unwrap().unwrap();
    let application = Principal::application(&account);
    let admin: &Administrators<Person> = accounts.admin();
    let by = admin.authorize(&application, &Proof::default()).await.unwrap();
    admin.enable(&by, &ada).await.unwrap();
    assert!(accounts.find(&ada).await.unwrap().unwrap().is_active());
}
