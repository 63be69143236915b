//! Superusers in the place of another account: their reach, the end, and the notices.

use crudauth::{
    CurrentUser, Elevated, EventKind, Fresh, NotImpersonated, RedirectPath, SessionConfig,
    SessionToken, Superuser, factor,
};
use crudauth_tests::{OwnerRoute, owner_routes};
use poem::{get, handler};

use super::admin::admin;
use super::events::{Kept, Subscriber, only};
use super::*;

const COOKIE: &str = "__Host-impersonation";

#[handler]
async fn banner(user: CurrentUser<Full>) -> String {
    format!("{} by {}", user.username, user.impersonator().unwrap_or("nobody"))
}

#[handler]
async fn owners(_: CurrentUser<Full, NotImpersonated>) -> &'static str {
    "ok"
}

#[handler]
async fn proved(_: CurrentUser<Full, Fresh<factor::Password, 60>>) -> &'static str {
    "ok"
}

#[handler]
async fn elevated_only(_: CurrentUser<Full, Elevated>) -> &'static str {
    "ok"
}

#[handler]
async fn superusers(_: CurrentUser<Full, Superuser>) -> &'static str {
    "ok"
}

fn allowed() -> Setup {
    Setup { admin: AdminConfig::default().impersonates(true), ..Setup::default() }
}

async fn mount(app: &App, setup: Setup) -> (Full, App) {
    let (auth, app) = full(app, setup).await;
    let routes = auth.mount(Route::new()).at("/banner", get(banner)).at("/owners", get(owners));
    let routes = routes.at("/proved", get(proved)).at("/elevated", get(elevated_only));
    let routes = routes.at("/superusers", get(superusers)).with(auth.clone());
    (auth, app.serving(routes.map_to_response().boxed()))
}

async fn impersonate(browser: &Browser, id: i64) -> Answer {
    browser.post(&format!("/admin/accounts/{id}/impersonate"), json!({})).await
}

/// A superuser in the place of the account.
async fn acting(app: &App, name: &str, id: i64) -> Browser {
    let browser = admin(app, name).await;
    let answer = impersonate(&browser, id).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    browser
}

/// The user of a browser, by `/banner`.
async fn user_of(browser: &Browser) -> String {
    browser.get("/banner").await.text
}

on_every_database! {
    async fn a_superuser_acts_as_an_account_until_the_logout(app: App) {
        let kept = Kept::default();
        let subscribers = vec![Subscriber::Keeps(Arc::clone(&kept))];
        let (auth, app) = mount(&app, Setup { subscribers, ..allowed() }).await;
        let ada = app.member("ada").await;
        let id = ada.id().await;
        let root = admin(&app, "root").await;
        let root_id = root.id().await.to_string();
        let answer = impersonate(&root, id).await;
        assert_eq!((answer.status, &answer.json()["user_id"]), (200, &json!(id)), "{answer:?}");
        let until = app.clock.now() + Duration::from_mins(30);
        assert_eq!(answer.json()["until"], json!(until));
        let lines = answer.set_cookies();
        let line = lines.iter().find(|line| line.starts_with(COOKIE)).unwrap();
        for attribute in ["HttpOnly", "Max-Age=1800", "Path=/", "SameSite=lax", "Secure"] {
            assert!(line.contains(attribute), "{attribute}: {line}");
        }
        let me = root.get("/me").await.json();
        assert_eq!((&me["user_id"], &me["impersonator"]), (&json!(id), &json!(root_id)));
        assert_eq!(user_of(&root).await, format!("ada by {root_id}"));
        for path in ["/owners", "/proved", "/elevated", "/superusers"] {
            assert_eq!(root.get(path).await.status, 403, "{path}");
        }
        assert_eq!(root.get("/owners").await.code(), "impersonated");
        let copy = root.stolen();

        assert!(ada.get("/me").await.json().get("impersonator").is_none());
        let sessions = ada.get("/sessions").await.json();
        assert_eq!(sessions.as_array().unwrap().len(), 2);
        assert_eq!(app.mail_count(MessageKind::Impersonated, "ada@example.com").await, 1);

        assert_eq!(root.post("/logout", json!({})).await.status, 200);
        assert!(root.cookie(COOKIE).is_none());
        assert_eq!(user_of(&root).await, "root by nobody");
        assert_eq!(root.post("/logout-all?keep_current=true", json!({})).await.status, 200);
        copy.drop_cookie("session_id");
        assert!(!copy.is_signed_in().await && ada.is_signed_in().await);
        auth.drained().await;
        let in_half_an_hour = app.clock.now() + Duration::from_secs(1800);
        assert_eq!(only(&kept, EventKind::ImpersonationStarted).ends_at(), Some(in_half_an_hour));
        for kind in [EventKind::ImpersonationStarted, EventKind::ImpersonationEnded] {
            let event = only(&kept, kind);
            let names = (event.account_key(), event.actor_key());
            assert_eq!(names, (Some(&*id.to_string()), Some(&*root_id)), "{kind}");
        }
        let history = ada.get("/account/events").await.json();
        let mut events = history["events"].as_array().unwrap().iter();
        let begun = events.find(|one| one["event"] == "impersonation-started").unwrap();
        assert_eq!(begun["until"], answer.json()["until"]);
        assert!(history["events"][0].get("until").is_none(), "{history}");
    }

    async fn after_an_impersonation_the_superuser_proves_all_factors_again(app: App) {
        let (_, app) = mount(&app, allowed()).await;
        let id = app.member("ada").await.id().await;
        let root = admin(&app, "root").await;
        for path in ["/elevated", "/proved"] {
            assert_eq!(root.get(path).await.status, 200, "{path}");
        }
        let copy = root.stolen();
        assert_eq!(impersonate(&root, id).await.status, 200);
        assert!(!copy.is_signed_in().await, "the own session has another token");
        // A script in a page of the account can do that.
        assert_eq!(root.post("/logout", json!({})).await.status, 200);
        assert_eq!(user_of(&root).await, "root by nobody");
        for path in ["/elevated", "/proved"] {
            assert_eq!(root.get(path).await.code(), "reauthentication-required", "{path}");
        }
        assert_eq!(impersonate(&root, id).await.code(), "reauthentication-required");
        let key = json!({ "name": "backup" });
        assert_eq!(root.post("/api-keys", key).await.code(), "sign-in-too-old");

        elevated(&root).await;
        assert_eq!(root.get("/proved").await.status, 200);
        api_key(&root).await;
        assert_eq!(impersonate(&root, id).await.status, 200);
        assert_eq!(root.post("/logout", json!({})).await.status, 200);
        app.database.execute("UPDATE users SET hashed_password = '!none'").await;
        assert_eq!(root.post("/sudo", json!({})).await.code(), "sign-in-too-old");
    }

    async fn of_many_impersonations_at_once_in_one_session_one_begins(app: App) {
        let (_, app) = mount(&app, allowed()).await;
        let id = app.member("ada").await.id().await;
        let root = admin(&app, "root").await;
        let answers = concurrently((0..8).map(|_| {
            let copy = root.stolen();
            async move { impersonate(&copy, id).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
        assert_eq!(count_status(&answers, 401), 7, "{answers:?}");
        let acting = "users_sessions WHERE impersonator IS NOT NULL";
        assert_eq!(app.database.count(acting).await, 1);
        assert_eq!(app.database.count("users_sessions").await, 3, "with ada's and the own one");
    }

    async fn the_owner_sees_an_impersonation_and_not_who(app: App) {
        let (_, app) = mount(&app, allowed()).await;
        let ada = owner(&app, "ada").await;
        acting(&app, "root", ada.id().await).await;
        let export = ada.get("/account/export").await.json();
        for sessions in [ada.get("/sessions").await.json(), export["sessions"].clone()] {
            let sessions = sessions.as_array().unwrap();
            let foreign: Vec<_> =
                sessions.iter().filter(|one| one["by_administrator"] == true).collect();
            assert_eq!((sessions.len(), foreign.len()), (2, 1), "{sessions:?}");
            assert!(foreign[0]["ip"].is_null() && foreign[0]["device"].is_null());
            assert!(foreign[0].get("impersonator").is_none(), "{foreign:?}");
        }
    }

    async fn a_change_of_the_superuser_ends_impersonations_and_not_the_own_session(app: App) {
        let kept = Kept::default();
        let subscribers = vec![Subscriber::Keeps(Arc::clone(&kept))];
        let (auth, app) = mount(&app, Setup { subscribers, ..allowed() }).await;
        let id = app.member("ada").await.id().await;
        for name in ["changing", "leaving"] {
            let root = acting(&app, name, id).await;
            let stolen = root.stolen();
            stolen.drop_cookie("session_id");
            root.drop_cookie(COOKIE);
            assert_eq!(root.post("/csrf/refresh", json!({})).await.status, 200);
            let answer = match name {
                "changing" => root.change_password(PASSWORD, "another-strong-one").await,
                _ => root.post("/logout-all?keep_current=true", json!({})).await,
            };
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(stolen.get("/banner").await.status, 401, "{name}");
            assert_eq!(user_of(&root).await, format!("{name} by nobody"));
            auth.drained().await;
            let ended = only(&kept, EventKind::ImpersonationEnded);
            assert_eq!(ended.account_key(), Some(&*id.to_string()));
            assert_eq!(ended.actor_key(), Some(&*root.id().await.to_string()));
            kept.lock().unwrap().clear();
        }
    }

    async fn an_impersonation_ends_at_the_age_limit_of_the_own_session(app: App) {
        let (_, app) = mount(&app, allowed()).await;
        let id = app.member("ada").await.id().await;
        let root = admin(&app, "root").await;
        app.clock.advance(Duration::from_mins(10));
        assert_eq!(impersonate(elevated(&root).await, id).await.status, 200);
        app.clock.advance(Duration::from_mins(6));
        // The limit is set after the sign-in, so the stored session has another end.
        let limited = async |minutes| {
            let session = SessionConfig::default().absolute_timeout(Duration::from_mins(minutes));
            let (_, app) = mount(&app, Setup { session, ..allowed() }).await;
            root.stolen().to(&app).get("/banner").await
        };
        let answer = limited(17).await;
        assert!(answer.text.starts_with("ada by "), "{answer:?}");
        assert_eq!(limited(15).await.status, 401);
    }

    async fn the_end_of_an_impersonation_by_its_owner_or_a_sign_in_is_told_once(app: App) {
        let kept = Kept::default();
        let subscribers = vec![Subscriber::Keeps(Arc::clone(&kept))];
        let (auth, app) = mount(&app, Setup { subscribers, ..allowed() }).await;
        let ada = app.member("ada").await;
        let id = ada.id().await;
        for name in ["everywhere", "seen", "replaced"] {
            let root = acting(&app, name, id).await;
            if name == "everywhere" {
                let others = ada.post("/logout-all?keep_current=true", json!({})).await;
                assert_eq!(others.status, 200, "{others:?}");
            } else if name == "seen" {
                let sessions = ada.get("/sessions").await.json();
                let all = sessions.as_array().unwrap();
                let one = all.iter().find(|one| one["by_administrator"] == true).unwrap();
                let path = format!("/sessions/{}", one["id"].as_str().unwrap());
                assert_eq!(ada.delete(&path).await.status, 200);
            } else {
                assert_eq!(root.login(name, PASSWORD).await.status, 200);
            }
            auth.drained().await;
            let ended = only(&kept, EventKind::ImpersonationEnded);
            assert_eq!(ended.account_key(), Some(&*id.to_string()));
            assert!(ended.actor_key().is_some(), "{ended:?}");
            kept.lock().unwrap().clear();
        }
    }

    async fn no_route_of_an_owner_serves_an_impersonator(app: App) {
        let (_, app) = mount(&app, allowed()).await;
        let ada = app.member("ada").await;
        let root = acting(&app, "root", ada.id().await).await;
        // The slices that this mount does not have; the tests of statements have them.
        let others = ["/passkeys", "/oauth/", "/admin/invitations"];
        let mut refused = 0;
        for OwnerRoute { method, path } in owner_routes() {
            if others.iter().any(|other| path.starts_with(other)) {
                continue;
            }
            let headers = [("content-type", "application/json")];
            let answer = root.send(method.clone(), &path, &headers, b"{}".to_vec()).await;
            assert_eq!((answer.status, &*answer.code()), (403, "impersonated"), "{method} {path}");
            refused += 1;
        }
        assert!(refused > 35, "{refused}");
        assert_eq!(root.post("/csrf/refresh", json!({})).await.status, 200);
        assert!(ada.is_signed_in().await);
    }

    async fn an_impersonator_gets_no_ticket_and_no_other_token_by_plain_calls(app: App) {
        let (auth, app) = mount(&app, allowed()).await;
        let ada = app.member("ada").await;
        let root = acting(&app, "root", ada.id().await).await;
        let token = SessionToken::parse(&root.cookie(COOKIE).unwrap()).unwrap();
        let accounts = auth.accounts();
        let principal = accounts.authenticate(&token).await.unwrap().unwrap();
        let path = RedirectPath::parse("/socket").unwrap();
        assert!(accounts.tickets().issue(&principal, &path).await.is_err());
        let renewed = accounts.sessions().end_impersonations(&principal).await.unwrap();
        assert!(renewed.is_none());
    }

    async fn an_impersonation_ends_by_itself_and_with_the_rights_of_the_superuser(app: App) {
        let (auth, app) = mount(&app, allowed()).await;
        let ada = app.member("ada").await;
        let id = ada.id().await;
        let root = acting(&app, "timed", id).await;
        for _ in 0..3 {
            app.clock.advance(Duration::from_secs(590));
            assert!(user_of(&root).await.starts_with("ada by "));
        }
        app.clock.advance(Duration::from_secs(60));
        assert_eq!(user_of(&root).await, "timed by nobody", "after half an hour");
        let unsafe_request = root.post("/logout-all", json!({})).await;
        assert_eq!(unsafe_request.code(), "csrf-invalid", "a page of ada's acts in no other session");

        let ada = app.signed_in("ada", PASSWORD).await;
        let root = acting(&app, "demoted", id).await;
        app.database.execute("UPDATE users SET is_superuser = FALSE WHERE username = 'demoted'").await;
        assert_eq!(user_of(&root).await, "demoted by nobody");
        let root = acting(&app, "disabled", id).await;
        assert!(auth.accounts().disable(&account_id(&app, "disabled").await).await.unwrap());
        assert_eq!(root.get("/banner").await.status, 401);
        let root = acting(&app, "leaving", id).await;
        let elsewhere = app.signed_in("leaving", PASSWORD).await;
        assert_eq!(elsewhere.post("/logout-all", json!({})).await.status, 200);
        assert_eq!(root.get("/banner").await.status, 401);
        let root = acting(&app, "promoting", id).await;
        promote(&app, "ada").await;
        assert_eq!(user_of(&root).await, "promoting by nobody", "ada is a superuser");
        app.database.execute("UPDATE users SET is_superuser = FALSE WHERE username = 'ada'").await;
        let root = acting(&app, "seen", id).await;
        let sessions = ada.get("/sessions").await.json();
        let foreign = sessions.as_array().unwrap().iter().find(|one| one["by_administrator"] == true);
        let path = format!("/sessions/{}", foreign.unwrap()["id"].as_str().unwrap());
        assert_eq!(ada.delete(&path).await.status, 200);
        assert_eq!(user_of(&root).await, "seen by nobody", "ada has ended it");
        let root = acting(&app, "ended", id).await;
        assert!(auth.accounts().disable(&id).await.unwrap());
        assert_eq!(user_of(&root).await, "ended by nobody");
    }

    async fn an_impersonation_is_refused_where_it_is_off_and_of_superusers(app: App) {
        let (_, off) = mount(&app, Setup::default()).await;
        let (auth, app) = mount(&app, allowed()).await;
        let root = admin(&app, "root").await;
        let other = admin(&app, "other").await;
        let ada = app.member("ada").await.id().await;
        let refused = impersonate(&root.clone().to(&off), ada).await;
        assert_eq!((refused.status, &*refused.code()), (404, "not-found"));
        for id in [root.id().await, other.id().await] {
            assert_eq!(impersonate(&root, id).await.code(), "not-impersonable");
        }
        assert!(auth.accounts().disable(&ada).await.unwrap());
        assert_eq!(impersonate(&root, ada).await.code(), "not-impersonable");
        assert_eq!(impersonate(&root, ada + 1000).await.code(), "not-found");
        assert!(root.cookie(COOKIE).is_none());
        assert!(auth.accounts().enable(&ada).await.unwrap());
        assert_eq!(impersonate(&root, ada).await.status, 200);
        let there = root.to(&off);
        assert_eq!(there.get("/banner").await.text, "root by nobody", "the cookie is not read");
    }
}

async fn account_id(app: &App, name: &str) -> i64 {
    app.database.number(&format!("SELECT id FROM users WHERE username = '{name}'")).await
}
