//! Listing, renaming and removing passkeys.

use crudauth::Principal;
use crudauth::flow::Proof;

use super::*;

on_every_database! {
    async fn the_list_tells_authenticators_what_is_accepted(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        let empty = app.member("eve").await;
        assert_eq!(list(&empty).await, json!({ "passkeys": [], "signal": null }));
        app.clock.advance(Duration::from_secs(5));
        let answer = register(&ada, &mut authenticator()).await.json();
        assert_eq!(sign_in(&app.browser(), &mut device).await.status, 200);
        let listed = list(&ada).await;
        assert_eq!(listed["signal"], answer["signal"]);
        assert_eq!(listed["signal"]["rpId"], "app.example.com");
        assert_eq!(listed["signal"]["allAcceptedCredentialIds"].as_array().unwrap().len(), 2);
        let [first, second] = [0, 1].map(|at| listed["passkeys"][at].clone());
        assert_eq!(first["name"], "Passkey");
        assert!(first["last_used_at"].is_string() && second["last_used_at"].is_null());
        assert!(!listed.to_string().contains("credential\""), "no key material: {listed}");
    }

    async fn an_export_names_passkeys_and_a_deletion_removes_them(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, _) = member(&app, "ada").await;
        let (eve, mut device) = member(&app, "eve").await;
        let export = ada.get("/account/export").await;
        assert_eq!(export.status, 200, "{export:?}");
        let (export, listed) = (export.json(), list(&ada).await);
        assert_eq!(export["passkeys"].as_array().unwrap().len(), 1, "{export}");
        assert_eq!(export["passkeys"][0]["name"], listed["passkeys"][0]["name"]);
        let id = &listed["signal"]["allAcceptedCredentialIds"][0];
        for hidden in [id.as_str().unwrap(), "public_key", "credential\""] {
            assert!(!export.to_string().contains(hidden), "{export}");
        }
        assert_eq!(ada.post("/account/delete", json!({})).await.status, 200);
        assert_eq!(app.database.count("users_passkeys").await, 1);
        assert_eq!(sign_in(&app.browser(), &mut device).await.status, 200);
        assert!(eve.is_signed_in().await);
    }

    async fn a_passkey_is_renamed_by_its_owner_only(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, _) = member(&app, "ada").await;
        let eve = app.member("eve").await;
        let path = format!("/passkeys/{}", first_id(&ada).await);
        assert_eq!(patch(&eve, &path, json!({ "name": "Mine" })).await.status, 404);
        assert_eq!(patch(&ada, &path, json!({ "name": "Phone" })).await.status, 200);
        assert_eq!(list(&ada).await["passkeys"][0]["name"], "Phone");
        let long = "x".repeat(65);
        for wrong in ["", " ", "a\u{200b}b", &long] {
            assert_eq!(patch(&ada, &path, json!({ "name": wrong })).await.status, 422, "{wrong:?}");
        }
        assert_eq!(patch(&ada, "/passkeys/x", json!({ "name": "Phone" })).await.status, 404);
    }

    async fn a_reset_removes_the_passkeys_of_an_unproved_holder_only(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let reset = async || {
            let token = app.reset_token("ada@example.com").await;
            let body = json!({ "token": token, "new_password": PASSWORD });
            assert_eq!(app.browser().post("/password/reset-confirm", body).await.status, 200);
        };
        let (_, mut squatters) = member(&app, "ada").await;
        reset().await;
        assert_eq!(app.database.count("users_passkeys").await, 0);
        assert_eq!(sign_in(&app.browser(), &mut squatters).await.code(), "unknown-passkey");
        let owner = app.signed_in("ada", PASSWORD).await;
        let mut device = authenticator();
        assert_eq!(register(&owner, &mut device).await.status, 201);
        reset().await;
        assert_eq!(sign_in(&app.browser(), &mut device).await.status, 200);
    }

    async fn a_removed_passkey_ends_every_other_session(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        let thief = app.browser();
        assert_eq!(sign_in(&thief, &mut device).await.status, 200);
        let copy = ada.stolen();
        let path = format!("/passkeys/{}", first_id(&ada).await);
        let (eve, _) = member(&app, "eve").await;
        assert_eq!(eve.delete(&path).await.status, 404);
        let answer = ada.delete(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["signal"]["allAcceptedCredentialIds"], json!([]));
        assert!(ada.is_signed_in().await, "the caller stays");
        assert!(!thief.is_signed_in().await && !copy.is_signed_in().await);
        assert_eq!(ada.get("/by-passkey").await.status, 403);
        let refused = sign_in(&app.browser(), &mut device).await;
        assert_eq!((refused.status, &*refused.code()), (401, "unknown-passkey"));
        let mails = app.mail_count(MessageKind::PasskeyRemoved, "ada@example.com").await;
        assert_eq!(mails, 1);
    }

    async fn a_session_removes_no_passkey_until_it_is_elevated(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, _) = member(&app, "ada").await;
        let path = format!("/passkeys/{}", first_id(&ada).await);
        app.clock.advance(Duration::from_secs(360));
        assert_eq!(ada.delete(&path).await.code(), "reauthentication-required");
        assert_eq!(ada.post("/sudo", json!({ "password": PASSWORD })).await.status, 200);
        assert_eq!(ada.delete(&path).await.status, 200);
    }

    async fn the_last_way_in_stays(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        // The list is in the order of registration.
        app.clock.advance(Duration::from_secs(5));
        assert_eq!(register(&ada, &mut authenticator()).await.status, 201);
        app.database.execute("UPDATE users SET hashed_password = '!'").await;
        let [first, second] = {
            let listed = list(&ada).await;
            [0, 1].map(|at| format!("/passkeys/{}", listed["passkeys"][at]["id"].as_str().unwrap()))
        };
        assert_eq!(ada.delete(&second).await.status, 200);
        let answer = ada.delete(&first).await;
        assert_eq!((answer.status, &*answer.code()), (409, "last-way-in"));
        assert!(ada.is_signed_in().await, "nothing has changed");
        assert_eq!(sign_in(&app.browser(), &mut device).await.status, 200);
    }

    async fn a_support_desk_removes_all_passkeys(app: App) {
        let (auth, app) = guarded_mount(&app, Setup::default()).await;
        let (ada, mut device) = member(&app, "ada").await;
        let account = auth.accounts().find_by_identifier("ada").await.unwrap().unwrap();
        let passkeys = auth.accounts().passkeys().unwrap();
        assert_eq!(passkeys.remove_all(&account).await.unwrap(), 1);
        assert!(!ada.is_signed_in().await);
        assert_eq!(sign_in(&app.browser(), &mut device).await.status, 401);
        assert_eq!(passkeys.remove_all(&account).await.unwrap(), 0);
        assert_eq!(app.mail_count(MessageKind::PasskeyRemoved, "ada@example.com").await, 1);
    }

    async fn an_administrator_who_removes_passkeys_as_factors_causes_a_mail(app: App) {
        let setup = Setup::passkeys(|passkeys| passkeys.is_second_factor(true));
        let (auth, app) = guarded_mount(&app, setup).await;
        let (ada, _) = member(&app, "ada").await;
        let id = ada.id().await;
        let accounts = auth.accounts();
        let account = accounts.find(&id).await.unwrap().unwrap();
        let admin = accounts.admin();
        let application = Principal::application(&account);
        let by = admin.authorize(&application, &Proof::default()).await.unwrap();
        for is_removed in [true, false] {
            assert_eq!(admin.remove_factor(&by, &id).await.unwrap(), is_removed);
        }
        assert!(!ada.is_signed_in().await);
        assert_eq!(app.mail_count(MessageKind::PasskeyRemoved, "ada@example.com").await, 1);
    }

    async fn a_passkey_route_wants_a_csrf_token(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let (ada, _) = member(&app, "ada").await;
        let path = format!("/passkeys/{}", first_id(&ada).await);
        ada.drop_cookie("csrf_token");
        assert_eq!(ada.delete(&path).await.code(), "csrf-missing");
        let answer = ada.post("/passkeys/register/options", json!({})).await;
        assert_eq!(answer.code(), "csrf-missing");
        assert_eq!(app.browser().get("/passkeys").await.status, 401);
    }
}
