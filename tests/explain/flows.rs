//! Every flow of a mount with every slice.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crudauth::account::{AccountData, BoxError};
use crudauth::email::{MessageKind, RecordingSender};
use crudauth::testing::{App, Client};
use crudauth::{
    Account, AuthUser, Clock, EmailAddress, ManualClock, Mount, Mounted, Mounts, slice,
};
use crudauth_tests::{
    Authenticator, Database, FRONTEND, OwnerRoute, PASSWORD, owner_routes, sign_up, totp,
};
use serde_json::{Map, json};

use super::providers::Scripted;

const NEW: &str = "a-changed-password-1";

/// What the flows act on.
pub(super) struct World<'a, A> {
    pub(super) auth: &'a A,
    pub(super) app: App<A>,
    pub(super) clock: &'a ManualClock,
    pub(super) database: &'a Database,
    pub(super) table: &'a str,
    pub(super) provider: Scripted,
}

/// Data of the app that cannot be deleted at first.
#[derive(Default)]
pub(super) struct Obstacle(AtomicBool);

impl<U: AuthUser> AccountData<U> for Obstacle {
    fn name(&self) -> &'static str {
        "obstacle"
    }

    async fn export(&self, _: &Account<U>) -> Result<serde_json::Value, BoxError> {
        Ok(json!(null))
    }

    async fn erase(&self, _: &Account<U>) -> Result<(), BoxError> {
        let is_gone = self.0.swap(true, Ordering::SeqCst);
        if is_gone { Ok(()) } else { Err("not yet".into()) }
    }
}

impl<'a, A> World<'a, A>
where
    A: Mount
        + Mounts<slice::Session>
        + Mounts<slice::Bearer>
        + Mounts<slice::ApiKeys>
        + Mounts<slice::Mfa>
        + Mounts<slice::Passkeys>
        + Mounts<slice::Account>
        + Mounts<slice::Admin>
        + Deref<Target = Mounted<A::User>>,
{
    pub(super) fn new(
        auth: &'a A,
        outbox: &RecordingSender,
        clock: &'a ManualClock,
        database: &'a Database,
        table: &'a str,
        provider: Scripted,
    ) -> Self {
        let app = App::new(auth, auth.routes()).mails(outbox);
        Self { auth, app, clock, database, table, provider }
    }

    /// Lets the library execute each of its statements.
    pub(super) async fn every_flow(&self) {
        self.sign_ups().await;
        self.sessions().await;
        self.mailed_sign_ins().await;
        self.tokens().await;
        self.api_keys().await;
        self.passkeys().await;
        self.second_factor().await;
        self.recovery().await;
        self.invitations().await;
        self.providers().await;
        self.superusers().await;
        self.impersonation().await;
        self.leaving().await;
        self.history().await;
        self.administration().await;
        self.auth.purge().await.unwrap();
    }

    async fn sign_in(&self, name: &str, password: &str) -> (Client, u16) {
        let client = self.app.client();
        let form = [("username", name), ("password", password)];
        let status = client.post_form("/login", form).await.status;
        (client, status)
    }

    async fn signed_in(&self, name: &str, password: &str) -> Client {
        let (client, status) = self.sign_in(name, password).await;
        assert_eq!(status, 200, "{name}");
        client
    }

    async fn sign_ups(&self) {
        let new = sign_up("ada");
        self.app.client().post("/register", &new).await.expect_status(202);
        let taken = json!({ "email": new["email"], "username": "other", "password": PASSWORD });
        self.app.client().post("/register", taken).await.expect_status(202);
        let taken = json!({ "email": "x@example.com", "username": "h7", "password": PASSWORD });
        self.app.client().post("/register", taken).await.expect_status(422);
        let token = self.app.last_token(MessageKind::VerifyEmail, "ada@example.com").await;
        let confirm = json!({ "token": token });
        self.app.client().post("/email/verify-confirm", confirm).await.expect_status(200);
        // Accounts that existed, one of them without a compared form.
        for name in ["h1", "h100000", "h2@example.com"] {
            self.signed_in(name, PASSWORD).await.get("/me").await.expect_status(200);
        }
    }

    async fn sessions(&self) {
        // More than an account may have.
        for _ in 0..6 {
            self.signed_in("ada", PASSWORD).await;
        }
        let client = self.signed_in("ada", PASSWORD).await;
        self.clock.advance(Duration::from_secs(600));
        client.get("/me").await.expect_status(200);
        client.forget_cookie("csrf_token");
        client.post("/csrf/refresh", json!({})).await.expect_status(200);
        let sessions = client.get("/sessions").await.expect_status(200).json();
        let other = sessions.as_array().unwrap().iter().find(|one| one["current"] == false);
        let id = other.unwrap()["id"].as_str().unwrap();
        client.delete(&format!("/sessions/{id}")).await.expect_status(200);
        let change = json!({ "current_password": PASSWORD, "new_password": NEW });
        client.post("/change-password", change).await.expect_status(200);
        client.post("/logout-all?keep_current=true", json!({})).await.expect_status(200);
        client.post("/logout", json!({})).await.expect_status(200);
        for _ in 0..7 {
            assert_ne!(self.sign_in("h3", "a-wrong-one").await.1, 200);
        }
    }

    /// Of an address that is not proved, one that is, and one without an account.
    async fn mailed_sign_ins(&self) {
        for address in ["h4@example.com", "h4@example.com", "new.one@example.com"] {
            let client = self.app.client();
            let body = json!({ "email": address });
            let asked = client.post("/email-login/request", body).await.expect_status(202).json();
            let mail = self.app.last_mail(MessageKind::EmailLogin, address).await;
            let body = json!({ "challenge": asked["challenge"], "code": mail.code });
            client.post("/email-login/confirm", body).await.expect_status(200);
        }
    }

    async fn invitations(&self) {
        let invitations = self.auth.accounts().invitations().unwrap();
        let address = EmailAddress::parse("invited@example.com").unwrap();
        invitations.invite(None, address.clone(), Map::new()).await.unwrap();
        // The rows that the test fills in have no addresses.
        drop(invitations.list().await);
        let token = self.app.last_token(MessageKind::Invitation, address.as_str()).await;
        let mut form = sign_up("invited");
        form["invitation"] = token.into();
        self.app.client().post("/register", form).await.expect_status(200);
        assert!(!invitations.revoke(None, &address).await.unwrap());
    }

    async fn tokens(&self) {
        let mut refresh = String::new();
        for _ in 0..3 {
            let form = [("username", "ada"), ("password", NEW), ("scope", "reports:read")];
            let pair = self.app.client().post_form("/token", form).await.expect_status(200).json();
            pair["refresh_token"].as_str().unwrap().clone_into(&mut refresh);
        }
        let body = json!({ "refresh_token": refresh });
        let pair = self.app.client().post("/refresh", body).await.expect_status(200).json();
        let client = self.app.client().bearer(pair["access_token"].as_str().unwrap());
        let list = client.get("/tokens").await.expect_status(200).json();
        let other = list.as_array().unwrap().iter().find(|one| one["current"] == false).unwrap();
        let id = other["id"].as_str().unwrap();
        client.delete(&format!("/tokens/{id}")).await.expect_status(200);
        client.delete("/tokens").await.expect_status(200);
        let form = [("username", "ada"), ("password", NEW)];
        let pair = self.app.client().post_form("/token", form).await.expect_status(200).json();
        let body = json!({ "refresh_token": pair["refresh_token"] });
        self.app.client().post("/logout", body).await.expect_status(200);
    }

    async fn api_keys(&self) {
        let client = self.signed_in("ada", NEW).await;
        let make = async || client.post("/api-keys", json!({ "name": "one" })).await;
        let key = make().await.expect_status(201).json();
        assert_ne!(make().await.status, 201, "one key is the limit");
        let program = self.app.client().bearer(key["key"].as_str().unwrap());
        program.get("/me").await.expect_status(200);
        client.get("/api-keys").await.expect_status(200);
        let id = key["id"].as_str().unwrap();
        client.delete(&format!("/api-keys/{id}")).await.expect_status(200);
        client.delete("/api-keys").await.expect_status(200);
    }

    /// A sign-in in two steps.
    async fn sign_in_with(&self, code: &str, status: u16) -> Client {
        let client = self.app.client();
        let form = [("username", "ada"), ("password", NEW)];
        let first = client.post_form("/login", form).await.expect_status(200).json();
        let challenge = &first["challenge"];
        let body = json!({ "challenge": challenge, "code": code, "trust_browser": true });
        client.post("/mfa/verify", body).await.expect_status(status);
        client
    }

    async fn second_factor(&self) {
        let client = self.signed_in("ada", NEW).await;
        let mut secret = String::new();
        // The second set-up replaces the first.
        for _ in 0..2 {
            let body = json!({ "password": NEW });
            let setup = client.post("/mfa/totp/setup", body).await.expect_status(200).json();
            setup["secret"].as_str().unwrap().clone_into(&mut secret);
        }
        let code = || {
            self.clock.advance(Duration::from_secs(30));
            totp(&secret, self.clock.now().timestamp() / 30)
        };
        let body = json!({ "code": code() });
        let codes = client.post("/mfa/totp/confirm", body).await.expect_status(200).json();
        let recovery = |at: usize| codes["recovery_codes"][at].as_str().unwrap();
        let trusted = self.sign_in_with(&code(), 200).await;
        trusted.get("/mfa").await.expect_status(200);
        trusted.post_form("/login", [("username", "ada"), ("password", NEW)]).await;
        let listed = trusted.get("/mfa/trusted-browsers").await.expect_status(200).json();
        let path = format!("/mfa/trusted-browsers/{}", listed[0]["id"].as_str().unwrap());
        trusted.delete(&path).await.expect_status(200);
        for _ in 0..3 {
            self.sign_in_with("a wrong one", 401).await;
        }
        self.sign_in_with(&code(), 401).await;
        let client = self.sign_in_with(recovery(0), 200).await;
        for path in ["/mfa/recovery-codes/regenerate", "/mfa/totp/disable"] {
            client.post(path, json!({ "code": code() })).await.expect_status(200);
        }
    }

    async fn passkeys(&self) {
        let client = self.signed_in("ada", NEW).await;
        let mut device = Authenticator::at(FRONTEND);
        for _ in 0..2 {
            let options = client.post("/passkeys/register/options", json!({})).await;
            let credential = device.create(&options.expect_status(200).json()["public_key"]);
            let body = json!({ "credential": credential });
            client.post("/passkeys/register/verify", body).await.expect_status(201);
        }
        let listed = client.get("/passkeys").await.expect_status(200).json();
        let path = format!("/passkeys/{}", listed["passkeys"][0]["id"].as_str().unwrap());
        client.patch(&path, json!({ "name": "one" })).await.expect_status(200);
        let other = self.app.client();
        let options = other.post("/passkeys/sign-in/options", json!({})).await;
        let credential = device.get(&options.expect_status(200).json()["public_key"]);
        let body = json!({ "credential": credential });
        other.post("/passkeys/sign-in/verify", body).await.expect_status(200);
        client.delete(&path).await.expect_status(200);
        let account = self.auth.accounts().find_by_identifier("ada").await.unwrap().unwrap();
        let passkeys = self.auth.accounts().passkeys().unwrap();
        assert_eq!(passkeys.remove_all(&account).await.unwrap(), 1);
    }

    async fn recovery(&self) {
        let address = "ada@example.com";
        let client = self.app.client();
        let body = json!({ "email": address });
        client.post("/password/reset-request", body).await.expect_status(200);
        let token = self.app.last_token(MessageKind::ResetPassword, address).await;
        let confirm = json!({ "token": token, "new_password": PASSWORD });
        client.post("/password/reset-confirm", confirm).await.expect_status(200);
        let client = self.signed_in("ada", PASSWORD).await;
        let change = json!({ "new_email": "countess@example.com", "password": PASSWORD });
        client.post("/email/change-request", change).await.expect_status(200);
        let token = self.app.last_token(MessageKind::ChangeEmail, "countess@example.com").await;
        client.post("/email/change-confirm", json!({ "token": token })).await.expect_status(200);
    }

    /// What superusers do to accounts that existed.
    async fn superusers(&self) {
        let Self { auth, table, .. } = self;
        let promote =
            format!("UPDATE {table} SET is_superuser = TRUE WHERE username IN ('h5', 'h6')");
        self.database.execute(&promote).await;
        let client = self.signed_in("h5", PASSWORD).await;
        for query in ["size=1", "size=1&username=h1", "size=1&email=h1"] {
            let path = format!("/admin/accounts?{query}");
            let page = client.get(&path).await.expect_status(200).json();
            let next = page["next"].as_str().unwrap();
            client.get(&format!("{path}&cursor={next}")).await.expect_status(200);
        }
        let act = async |name: &str, action: &str, until: Option<&str>| {
            let account = auth.accounts().find_by_identifier(name).await.unwrap().unwrap();
            let path = format!("/admin/accounts/{}", account.user.id());
            let body = json!({ "password": PASSWORD, "reason": "tests", "until": until });
            client.post(&format!("{path}/{action}"), body).await.expect_status(200);
            client.get(&path).await.expect_status(200);
        };
        act("h6", "disable", None).await;
        act("h6", "enable", None).await;
        act("h6", "demote", None).await;
        let until = self.clock.now() + Duration::from_secs(60);
        act("h7", "disable", Some(&until.to_rfc3339())).await;
        self.clock.advance(Duration::from_secs(61));
        auth.purge().await.unwrap();
        self.signed_in("h7", PASSWORD).await;
    }

    /// A superuser who acts as an account reaches no route of its owner.
    async fn impersonation(&self) {
        let client = self.signed_in("h5", PASSWORD).await;
        let found = self.auth.accounts().find_by_identifier("h4").await.unwrap().unwrap();
        let path = format!("/admin/accounts/{}/impersonate", found.user.id());
        client.post(&path, json!({ "password": PASSWORD })).await.expect_status(200);
        // The slices that this mount does not have.
        let others = ["/me", "/sudo", "/tickets", "/username/change"];
        for OwnerRoute { method, path } in owner_routes() {
            if others.contains(&&*path) {
                continue;
            }
            let body = json!({});
            let answer = match method.as_str() {
                "GET" => client.get(&path).await,
                "PATCH" => client.patch(&path, body).await,
                "DELETE" => client.delete(&path).await,
                _ => client.post(&path, body).await,
            };
            assert_eq!(answer.code(), "impersonated", "{method} {path}");
        }
        client.post("/logout", json!({})).await.expect_status(200);
    }

    /// A deletion that is withdrawn, and one that is not.
    async fn leaving(&self) {
        let address = "h8@example.com";
        let proof = json!({ "password": PASSWORD });
        let client = self.signed_in(address, PASSWORD).await;
        client.post("/account/export", &proof).await.expect_status(200);
        client.post("/account/delete", &proof).await.expect_status(202);
        let token = self.app.last_token(MessageKind::DeletionRequested, address).await;
        let body = json!({ "token": token });
        self.app.client().post("/account/restore", body).await.expect_status(200);
        let client = self.signed_in(address, PASSWORD).await;
        client.post("/account/delete", &proof).await.expect_status(202);
        // The first attempt meets the obstacle.
        for hours in [25, 1] {
            self.clock.advance(Duration::from_hours(hours));
            self.auth.purge().await.unwrap();
        }
        assert_eq!(self.sign_in(address, PASSWORD).await.1, 401);
        let address = "h7@example.com";
        let client = self.signed_in(address, PASSWORD).await;
        client.post("/account/delete", &proof).await.expect_status(202);
        let table = self.table;
        let enable = format!("UPDATE {table} SET is_active = TRUE WHERE email = '{address}'");
        self.database.execute(&enable).await;
        self.clock.advance(Duration::from_hours(25));
        self.auth.purge().await.unwrap();
        self.signed_in(address, PASSWORD).await;
    }

    async fn history(&self) {
        let client = self.signed_in("ada", PASSWORD).await;
        client.get("/account/events").await.expect_status(200);
        let account = self.auth.accounts().find_by_identifier("ada").await.unwrap().unwrap();
        let (id, audit) = (account.user.id(), self.auth.accounts().audit());
        assert!(!audit.of(id, None).await.unwrap().records.is_empty());
        assert_eq!(audit.verify_account(id).await.unwrap().faults, []);
    }

    async fn administration(&self) {
        let accounts = self.auth.accounts();
        let account = accounts.find_by_identifier("ada").await.unwrap().unwrap();
        let id = account.user.id();
        let client = self.signed_in("ada", PASSWORD).await;
        let disable = format!(
            "UPDATE {} SET is_active = FALSE WHERE email = 'countess@example.com'",
            self.table
        );
        self.database.execute(&disable).await;
        client.get("/me").await.expect_status(401);
        assert!(accounts.enable(id).await.unwrap() && accounts.disable(id).await.unwrap());
        accounts.set_contact(id, &"lovelace@example.com".parse().unwrap()).await.unwrap();
        accounts.lift_lockout(&account).await.unwrap();
        assert!(accounts.find(id).await.unwrap().is_some());
        assert!(accounts.delete(id).await.unwrap());
    }
}
