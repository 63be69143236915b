//! Which request causes which kind of event.

use std::collections::BTreeSet;

use crudauth::flow::Proof;
use crudauth::{Account, EventKind, MfaConfig, Principal};

use super::admin::admin;
use super::events::{Kept, Subscriber};
use super::refusals::Door;
use super::*;

/// Kinds that no request to this mount causes: it lacks the slice or the setting.
const ELSEWHERE: &[EventKind] = &[
    // Providers.
    EventKind::RegisteredWithProvider,
    EventKind::SignedOutByProvider,
    EventKind::ConnectionAdded,
    EventKind::ConnectionAddedByAddress,
    EventKind::ConnectionRemoved,
    EventKind::ProviderAnswerRejected,
    // Passkeys.
    EventKind::PasskeyAdded,
    EventKind::PasskeyRenamed,
    EventKind::PasskeyRemoved,
    EventKind::PasskeysRemoved,
    EventKind::PasskeyRejected,
    EventKind::PasskeyOfAnotherAccount,
    EventKind::PasskeyCopied,
    EventKind::PasskeyUsedTwice,
    // Sign-in by mail.
    EventKind::RegisteredByMail,
    EventKind::MailedCodeRejected,
    EventKind::AccountTakenOver,
    // Invitations, and a policy of sign-ups.
    EventKind::Invited,
    EventKind::InvitationAccepted,
    EventKind::InvitationRevoked,
    EventKind::SignUpClosed,
    // Rate limits, which are off here.
    EventKind::LinkLimited,
    EventKind::VerificationLimited,
    EventKind::SignInLimited,
    // A unique column of the app, older hashes, and a grace period of refresh tokens.
    EventKind::SignUpConflict,
    EventKind::PasswordHashRenewed,
    EventKind::TokensSentAgain,
];

const OTHER: &str = "another-strong-one";

struct Scenes {
    auth: Full,
    app: App,
    kept: Kept,
    door: Door,
    seen: BTreeSet<&'static str>,
}

impl Scenes {
    /// Asserts that events of these kinds were reported since the last call.
    async fn told(&mut self, kinds: &[EventKind]) {
        self.auth.drained().await;
        let events = std::mem::take(&mut *self.kept.lock().unwrap());
        for kind in kinds {
            assert!(events.iter().any(|event| event.kind() == *kind), "no {kind} in {events:?}");
            self.seen.insert(kind.as_str());
        }
    }

    async fn post(&self, path: &str, body: Value) -> u16 {
        self.app.browser().post(path, body).await.status
    }

    /// The next code of an authenticator.
    fn code(&self, secret: &str) -> String {
        self.app.clock.advance(Duration::from_secs(30));
        totp(secret, self.app.clock.now().timestamp() / 30)
    }

    /// The second step of a sign-in, with the wish to be trusted.
    async fn verify(&self, browser: &Browser, name: &str, code: &str) -> u16 {
        let challenge = browser.login(name, PASSWORD).await.json()["challenge"].clone();
        let body = json!({ "challenge": challenge, "code": code, "trust_browser": true });
        browser.post("/mfa/verify", body).await.status
    }
}

async fn send(browser: &Browser, method: Method, path: &str, body: Value) -> Answer {
    let headers = [("content-type", "application/json")];
    browser.send(method, path, &headers, body.to_string().into_bytes()).await
}

/// The id of the first entry of a list that is not the caller's own.
async fn first_id(browser: &Browser, path: &str) -> String {
    let list = browser.get(path).await.json();
    let others = list.as_array().into_iter().flatten().filter(|one| one["current"] != true);
    let id = others.filter_map(|one| one["id"].as_str()).next();
    id.unwrap_or_else(|| panic!("{path}: {list}")).to_owned()
}

async fn sign_ups_and_sign_ins(scenes: &mut Scenes) {
    let app = scenes.app.clone();
    assert_eq!(app.register("ada").await.status, 202);
    scenes.told(&[EventKind::Registered]).await;
    assert_eq!(app.register_as("ada", "other@example.com").await.status, 422);
    scenes.told(&[EventKind::SignUpIdentifierTaken]).await;
    assert_eq!(app.register_as("countess", "ada@example.com").await.status, 202);
    scenes.told(&[EventKind::SignUpContactTaken]).await;
    app.register("mallory").await;
    scenes.door.names.lock().unwrap().push("mallory".to_owned());
    assert_eq!(app.register("mallory").await.status, 403);
    scenes.told(&[EventKind::SignUpRefused]).await;
    assert_eq!(app.browser().login("mallory", PASSWORD).await.status, 403);
    scenes.told(&[EventKind::SignInRefused]).await;

    let ada = app.signed_in("ada", PASSWORD).await;
    scenes.told(&[EventKind::SignedIn]).await;
    assert_eq!(ada.post("/sudo", json!({ "password": OTHER })).await.status, 401);
    scenes.told(&[EventKind::ElevationRejected]).await;
    elevated(&ada).await;
    scenes.told(&[EventKind::SessionElevated]).await;
    app.signed_in("ada", PASSWORD).await;
    let other = first_id(&ada, "/sessions").await;
    assert_eq!(ada.delete(&format!("/sessions/{other}")).await.status, 200);
    scenes.told(&[EventKind::SessionRevoked]).await;
    tokens(&app, "ada").await;
    assert_eq!(ada.post("/logout-all", json!({})).await.status, 200);
    scenes.told(&[EventKind::SessionsRevoked, EventKind::AllTokensRevoked]).await;
    let ada = app.signed_in("ada", PASSWORD).await;
    assert_eq!(ada.post("/logout", json!({})).await.status, 200);
    scenes.told(&[EventKind::SignedOut]).await;

    app.register("locked").await;
    for _ in 0..6 {
        app.browser().login("locked", OTHER).await;
    }
    scenes.told(&[EventKind::SignInRejected, EventKind::SignInLockedOut]).await;
    let gone = app.member("gone").await;
    app.database.execute("UPDATE users SET is_active = FALSE WHERE username = 'gone'").await;
    assert_eq!(gone.get("/me").await.status, 401);
    assert_eq!(app.browser().login("gone", PASSWORD).await.status, 401);
    scenes.told(&[EventKind::DisabledCredentialsRevoked, EventKind::SignInDisabled]).await;
}

async fn credentials(scenes: &mut Scenes) {
    let app = scenes.app.clone();
    let (_, refresh) = tokens(&app, "ada").await;
    let body = json!({ "refresh_token": refresh });
    assert_eq!(scenes.post("/refresh", body.clone()).await, 200);
    scenes.told(&[EventKind::TokensRefreshed]).await;
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(scenes.post("/refresh", body).await, 401);
    scenes.told(&[EventKind::RefreshTokenReused]).await;
    tokens(&app, "ada").await;
    let ada = app.signed_in("ada", PASSWORD).await;
    let family = first_id(&ada, "/tokens").await;
    assert_eq!(ada.delete(&format!("/tokens/{family}")).await.status, 200);
    scenes.told(&[EventKind::TokensRevoked]).await;

    let key = api_key(&ada).await;
    scenes.told(&[EventKind::ApiKeyCreated]).await;
    let id = first_id(&ada, "/api-keys").await;
    assert_eq!(ada.delete(&format!("/api-keys/{id}")).await.status, 200);
    scenes.told(&[EventKind::ApiKeyRevoked]).await;
    assert_eq!(me_with(&app, &key).await, 401);
    scenes.told(&[EventKind::ApiKeyRejected]).await;
    api_key(&ada).await;
    assert_eq!(ada.delete("/api-keys").await.status, 200);
    scenes.told(&[EventKind::ApiKeysRevoked]).await;

    assert_eq!(ada.change_password(OTHER, OTHER).await.status, 401);
    scenes.told(&[EventKind::PasswordChangeRejected]).await;
    assert_eq!(ada.change_password(PASSWORD, OTHER).await.status, 200);
    scenes.told(&[EventKind::PasswordChanged]).await;
}

async fn links(scenes: &mut Scenes) {
    let app = scenes.app.clone();
    let token = app.reset_token("ada@example.com").await;
    scenes.told(&[EventKind::OneTimeTokenIssued]).await;
    let reset = json!({ "token": token, "new_password": PASSWORD });
    assert_eq!(scenes.post("/password/reset-confirm", reset).await, 200);
    scenes.told(&[EventKind::PasswordReset]).await;
    let token = app.token(MessageKind::VerifyEmail, "ada@example.com").await;
    assert_eq!(scenes.post("/email/change-confirm", json!({ "token": token })).await, 400);
    scenes.told(&[EventKind::LinkRejected]).await;
    let nobody = json!({ "email": "nobody@example.com" });
    assert_eq!(scenes.post("/password/reset-request", nobody).await, 200);
    scenes.told(&[EventKind::LinkWithoutAccount]).await;

    let bob = app.member("bob").await;
    let token = app.token(MessageKind::VerifyEmail, "bob@example.com").await;
    assert_eq!(scenes.post("/email/verify-confirm", json!({ "token": token })).await, 200);
    scenes.told(&[EventKind::ContactVerified]).await;
    let address = json!({ "email": "bob@example.com" });
    assert_eq!(scenes.post("/email/verify-request", address).await, 200);
    scenes.told(&[EventKind::LinkNotNeeded]).await;
    let change = |new: &str, password: &str| json!({ "new_email": new, "password": password });
    let request = "/email/change-request";
    assert_eq!(bob.post(request, change("new@example.com", OTHER)).await.status, 400);
    scenes.told(&[EventKind::AddressChangeRejected]).await;
    assert_eq!(bob.post(request, change("ada@example.com", PASSWORD)).await.status, 200);
    scenes.told(&[EventKind::LinkAddressTaken]).await;
    assert_eq!(bob.post(request, change("new@example.com", PASSWORD)).await.status, 200);
    scenes.told(&[EventKind::AddressChangeRequested]).await;
    let token = app.token(MessageKind::ChangeEmail, "new@example.com").await;
    assert_eq!(scenes.post("/email/change-confirm", json!({ "token": token })).await, 200);
    scenes.told(&[EventKind::AddressChanged]).await;
    let id = app.signed_in("bob", PASSWORD).await.id().await;
    let contact = "third@example.com".parse().unwrap();
    scenes.auth.accounts().set_contact(&id, &contact).await.unwrap();
    scenes.told(&[EventKind::ContactReplaced]).await;
}

async fn factors(scenes: &mut Scenes) {
    let app = scenes.app.clone();
    let eve = app.member("eve").await;
    let wrong = json!({ "password": OTHER });
    assert_eq!(eve.post("/mfa/totp/setup", wrong).await.status, 401);
    scenes.told(&[EventKind::SecondFactorRejected]).await;
    let (secret, codes) = enrol(&app, &eve).await;
    scenes.told(&[EventKind::SecondFactorAdded]).await;
    let eve = app.browser();
    assert_eq!(scenes.verify(&eve, "eve", &scenes.code(&secret)).await, 200);
    scenes.told(&[EventKind::SecondFactorProved, EventKind::BrowserTrusted]).await;
    assert_eq!(eve.login("eve", PASSWORD).await.status, 200);
    scenes.told(&[EventKind::SecondFactorSkipped]).await;
    let trust = first_id_of_all(&eve, "/mfa/trusted-browsers").await;
    assert_eq!(eve.delete(&format!("/mfa/trusted-browsers/{trust}")).await.status, 200);
    scenes.told(&[EventKind::BrowserDistrusted]).await;
    let eve = app.browser();
    assert_eq!(scenes.verify(&eve, "eve", &scenes.code(&secret)).await, 200);
    assert_eq!(eve.post("/logout-all?keep_current=true", json!({})).await.status, 200);
    scenes.told(&[EventKind::BrowsersDistrusted]).await;

    let code = |code: &str| json!({ "code": code });
    assert_eq!(scenes.verify(&app.browser(), "eve", &codes[0]).await, 200);
    scenes.told(&[EventKind::RecoveryCodeUsed]).await;
    let again = eve.post("/mfa/recovery-codes/regenerate", code(&codes[1])).await;
    assert_eq!(again.status, 200, "{again:?}");
    scenes.told(&[EventKind::RecoveryCodesReplaced]).await;
    for _ in 0..3 {
        assert_eq!(scenes.verify(&app.browser(), "eve", &codes[1]).await, 401);
    }
    scenes.told(&[EventKind::CodeRejected, EventKind::SecondFactorLocked]).await;
    let codes = again.json()["recovery_codes"].clone();
    let off = eve.post("/mfa/totp/disable", code(codes[0].as_str().unwrap())).await;
    assert_eq!(off.status, 200, "{off:?}");
    scenes.told(&[EventKind::SecondFactorRemoved]).await;
}

async fn first_id_of_all(browser: &Browser, path: &str) -> String {
    browser.get(path).await.json()[0]["id"].as_str().unwrap().to_owned()
}

async fn account(scenes: &mut Scenes) {
    let app = scenes.app.clone();
    let ada = app.signed_in("ada", PASSWORD).await;
    elevated(&ada).await;
    assert_eq!(send(&ada, Method::PATCH, "/me", json!({ "full_name": "Ada" })).await.status, 200);
    scenes.told(&[EventKind::ProfileEdited]).await;
    let name = |name: &str| json!({ "new_username": name });
    scenes.door.names.lock().unwrap().push("queen".to_owned());
    assert_eq!(ada.post("/username/change", name("queen")).await.status, 403);
    scenes.told(&[EventKind::UsernameRefused]).await;
    assert_eq!(ada.post("/username/change", name("countess")).await.status, 200);
    scenes.told(&[EventKind::UsernameChanged]).await;
    assert_eq!(ada.get("/account/export").await.status, 200);
    scenes.told(&[EventKind::AccountExported]).await;
    let id = ada.id().await;
    assert_eq!(ada.post("/account/delete", json!({})).await.status, 202);
    scenes.told(&[EventKind::DeletionRequested]).await;
    let token = app.token(MessageKind::DeletionRequested, "ada@example.com").await;
    assert_eq!(scenes.post("/account/restore", json!({ "token": token })).await, 200);
    scenes.told(&[EventKind::AccountRestored]).await;
    assert!(scenes.auth.accounts().disable(&id).await.unwrap());
    scenes.told(&[EventKind::AccountDisabled]).await;
    assert!(scenes.auth.accounts().enable(&id).await.unwrap());
    scenes.told(&[EventKind::AccountEnabled]).await;
    assert!(scenes.auth.accounts().delete(&id).await.unwrap());
    scenes.told(&[EventKind::AccountDeleted]).await;
}

async fn administration(scenes: &mut Scenes) {
    let app = scenes.app.clone();
    let carol = app.member("carol").await;
    let id = carol.id().await;
    enrol(&app, &carol).await;
    let root = admin(&app, "root").await;
    let act = async |action: &str, body: Value| {
        let answer = root.post(&format!("/admin/accounts/{id}/{action}"), body).await;
        assert_eq!(answer.status, 200, "{action}: {answer:?}");
    };
    act("remove-factor", json!({})).await;
    scenes.told(&[EventKind::FactorRemovedByAdministrator]).await;
    act("end-sessions", json!({})).await;
    scenes.told(&[EventKind::SessionsEndedByAdministrator]).await;
    act("send-reset", json!({})).await;
    scenes.told(&[EventKind::ResetRequestedByAdministrator]).await;
    act("force-password-change", json!({})).await;
    scenes.told(&[EventKind::PasswordChangeForced]).await;
    act("disable", json!({ "reason": "spam" })).await;
    scenes.told(&[EventKind::DisabledByAdministrator]).await;
    act("enable", json!({})).await;
    scenes.told(&[EventKind::EnabledByAdministrator]).await;
    let until = app.clock.now() + Duration::from_secs(60);
    act("disable", json!({ "reason": "spam", "until": until })).await;
    app.clock.advance(Duration::from_secs(61));
    scenes.auth.purge().await.unwrap();
    scenes.told(&[EventKind::SuspensionEnded]).await;
    elevated(&root).await;
    act("impersonate", json!({})).await;
    scenes.told(&[EventKind::ImpersonationStarted]).await;
    assert_eq!(root.post("/logout", json!({})).await.status, 200);
    scenes.told(&[EventKind::ImpersonationEnded]).await;

    let accounts = scenes.auth.accounts();
    let account: Account<Person> = accounts.find(&id).await.unwrap().unwrap();
    let application = Principal::application(&account);
    let admin = accounts.admin();
    let by = admin.authorize(&application, &Proof::default()).await.unwrap();
    admin.promote(&by, &id).await.unwrap();
    scenes.told(&[EventKind::SuperuserPromoted]).await;
    let admin = scenes.auth.accounts().admin();
    admin.demote(&by, &id).await.unwrap();
    scenes.told(&[EventKind::SuperuserDemoted]).await;
}

on_every_database! {
    async fn every_kind_of_event_is_caused_by_a_request(app: App) {
        let kept = Kept::default();
        let door = Door::default();
        let setup = Setup {
            admin: AdminConfig::default().impersonates(true),
            mfa: MfaConfig::default().trusted_browsers(MONTH).max_failures(3),
            subscribers: vec![Subscriber::Keeps(Arc::clone(&kept))],
            door: Some(door.clone()),
            ..Setup::grace()
        };
        let (auth, app) = full(&app, setup).await;
        let mut scenes = Scenes { auth, app, kept, door, seen: BTreeSet::new() };
        sign_ups_and_sign_ins(&mut scenes).await;
        credentials(&mut scenes).await;
        links(&mut scenes).await;
        factors(&mut scenes).await;
        account(&mut scenes).await;
        administration(&mut scenes).await;
        for kind in EventKind::ALL {
            let is_elsewhere = ELSEWHERE.contains(kind);
            assert_ne!(scenes.seen.contains(kind.as_str()), is_elsewhere, "{kind}");
        }
    }
}
