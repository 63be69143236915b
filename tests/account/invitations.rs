//! Invitations: one account for each, for the invited address only, and nothing about other accounts.

use crudauth::{EmailAddress, EventKind, SignUpPolicy};
use crudauth_tests::sign_up;

use super::sign_up::{Gated, Kinds, gated, limited, sign_in_by_mail};
use super::*;

const ADA: &str = "ada@example.com";
const WEEK: Duration = Duration::from_hours(7 * 24);

/// A mount whose sign-up is closed.
async fn closed(app: &App) -> (Gated, App, Kinds) {
    gated(app, SignUpPolicy::closed()).await
}

async fn invite(auth: &Gated, address: &str, preset: Value) {
    let address = EmailAddress::parse(address).unwrap();
    let preset = preset.as_object().unwrap().clone();
    auth.accounts().invitations().unwrap().invite(None, address, preset).await.unwrap();
}

/// The token in the mail of a new invitation.
async fn invited(auth: &Gated, app: &App, address: &str) -> String {
    invite(auth, address, json!({})).await;
    app.token(MessageKind::Invitation, address).await
}

/// The sign-up of `name` with an invitation.
fn form(name: &str, token: &str) -> Value {
    let mut form = sign_up(name);
    form["invitation"] = token.into();
    form
}

async fn accept(app: &App, form: Value) -> Answer {
    app.browser().post("/register", form).await
}

fn assert_ended(answer: &Answer) {
    assert_eq!((answer.status, &*answer.code()), (400, "invalid-token"), "{answer:?}");
}

async fn accounts(app: &App) -> i64 {
    app.database.count("users").await
}

/// A superuser with an elevated session. `open` is the app whose sign-up is open.
async fn superuser(open: &App, app: &App) -> Browser {
    assert_eq!(open.register("root").await.status, 202);
    promote(app, "root").await;
    let root = app.signed_in("root", PASSWORD).await;
    elevated(&root).await;
    root
}

on_every_database! {
    async fn an_invitation_adds_one_verified_account_in_a_closed_mount(app: App) {
        let (auth, app, kinds) = closed(&app).await;
        let token = invited(&auth, &app, ADA).await;
        let answer = accept(&app, form("ada", &token)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["email"], ADA);
        let ada = app.signed_in("ada", PASSWORD).await;
        assert_eq!(ada.get("/me").await.json()["email_verified"], true);
        assert_eq!(app.mail_count(MessageKind::VerifyEmail, ADA).await, 0);
        assert_eq!(app.database.count("users_invitations").await, 0);
        assert_ended(&accept(&app, form("ada", &token)).await);
        // Also when nothing else is in the way.
        app.database.execute("DELETE FROM users").await;
        assert_ended(&accept(&app, form("ada", &token)).await);
        assert_eq!(accounts(&app).await, 0);
        let kinds = kinds.lock().unwrap();
        for kind in [EventKind::Invited, EventKind::Registered, EventKind::InvitationAccepted] {
            assert_eq!(kinds.iter().filter(|one| **one == kind).count(), 1, "{kind}");
        }
    }

    async fn of_64_uses_at_once_one_adds_an_account(app: App) {
        let (auth, app, _) = closed(&app).await;
        let token = invited(&auth, &app, ADA).await;
        let answers = concurrently((0..64).map(|at| {
            let mut form = form(&format!("ada{at}"), &token);
            form["email"] = ADA.into();
            let app = app.clone();
            async move { accept(&app, form).await }
        }))
        .await;
        assert_eq!(count_status(&answers, 200), 1, "{answers:?}");
        assert_eq!(count_status(&answers, 400), 63, "{answers:?}");
        assert_eq!(app.database.count("users WHERE email_verified = TRUE").await, 1);
        assert_eq!(accounts(&app).await, 1);
    }

    async fn an_invited_person_cannot_change_the_preset_columns(app: App) {
        let (auth, app, _) = closed(&app).await;
        invite(&auth, ADA, json!({ "full_name": "Ada Lövelace" })).await;
        let mut form = form("ada", &app.token(MessageKind::Invitation, ADA).await);
        form["full_name"] = "Eve".into();
        form["plan"] = "gold".into();
        form["is_superuser"] = true.into();
        assert_eq!(accept(&app, form).await.status, 200);
        let kept = "users WHERE full_name = 'Ada Lövelace' AND plan = 'free' AND is_superuser = FALSE";
        assert_eq!(app.database.count(kept).await, 1);
    }

    async fn an_invitation_is_for_its_address_and_ends(app: App) {
        let (auth, app, _) = closed(&app).await;
        let token = invited(&auth, &app, ADA).await;
        let eve = invited(&auth, &app, "eve@example.com").await;
        assert_ended(&accept(&app, form("max", &token)).await);
        assert_ended(&accept(&app, form("eve", &token)).await);
        assert_ended(&accept(&app, form("ada", "no token")).await);
        let later = invited(&auth, &app, ADA).await;
        assert_ended(&accept(&app, form("ada", &token)).await);
        let invitations = auth.accounts().invitations().unwrap();
        let address = EmailAddress::parse("eve@example.com").unwrap();
        assert!(invitations.revoke(None, &address).await.unwrap());
        assert!(!invitations.revoke(None, &address).await.unwrap());
        assert_ended(&accept(&app, form("eve", &eve)).await);
        app.clock.advance(WEEK - Duration::from_secs(1));
        let open = invitations.list().await.unwrap();
        assert_eq!(open.iter().map(|one| one.address.as_str()).collect::<Vec<_>>(), [ADA]);
        app.clock.advance(Duration::from_secs(1));
        assert_ended(&accept(&app, form("ada", &later)).await);
        assert_eq!((accounts(&app).await, invitations.list().await.unwrap().len()), (0, 0));
        auth.purge().await.unwrap();
        assert_eq!(app.database.count("users_invitations").await, 0);
    }

    async fn a_refused_sign_up_keeps_the_invitation(app: App) {
        assert_eq!(app.register("bob").await.status, 202);
        let (auth, app, _) = closed(&app).await;
        let token = invited(&auth, &app, ADA).await;
        let mut taken = form("bob", &token);
        taken["email"] = ADA.into();
        assert_eq!(accept(&app, taken).await.code(), "taken");
        let mut weak = form("ada", &token);
        weak["password"] = "short".into();
        assert_eq!(accept(&app, weak).await.code(), "invalid-fields");
        assert_eq!(accept(&app, form("ada", &token)).await.status, 200);
    }

    async fn inviting_reveals_nothing_about_accounts(app: App) {
        let (_, gated, _) = closed(&app).await;
        let root = superuser(&app, &gated).await;
        app.register("ada").await;
        let invite = async |address: &str| root.post("/admin/invitations", json!({ "email": address })).await;
        let (known, unknown) = (invite(ADA).await, invite("new@example.com").await);
        assert_eq!(known.status, 202, "{known:?}");
        assert_eq!(known.comparable(), unknown.comparable());
        assert_eq!(gated.mail_count(MessageKind::Invitation, ADA).await, 0);
        assert_eq!(gated.mail_count(MessageKind::ExistingAccount, ADA).await, 1);
        assert_eq!(gated.mail_count(MessageKind::Invitation, "new@example.com").await, 1);
        let listed = root.get("/admin/invitations").await.json();
        let listed = listed["invitations"].as_array().unwrap().iter().map(|one| &one["email"]);
        let mut listed: Vec<_> = listed.map(|one| one.as_str().unwrap()).collect();
        listed.sort_unstable();
        assert_eq!(listed, [ADA, "new@example.com"]);
        for address in [ADA, "new@example.com"] {
            let body = json!({ "email": address });
            let revoked = root.post("/admin/invitations/revoke", body.clone()).await;
            assert_eq!(revoked.json()["revoked"], true, "{revoked:?}");
            assert_eq!(root.post("/admin/invitations/revoke", body).await.json()["revoked"], false);
        }
    }

    async fn only_a_superuser_with_fresh_proof_invites(app: App) {
        let (auth, gated, _) = closed(&app).await;
        assert_eq!(app.register("ada").await.status, 202);
        let ada = gated.signed_in("ada", PASSWORD).await;
        let body = json!({ "email": "new@example.com" });
        for path in ["/admin/invitations", "/admin/invitations/revoke"] {
            assert_eq!(gated.browser().post(path, body.clone()).await.status, 401, "{path}");
            assert_eq!(ada.post(path, body.clone()).await.code(), "insufficient-privileges");
        }
        assert_eq!(ada.get("/admin/invitations").await.code(), "insufficient-privileges");
        promote(&gated, "ada").await;
        let stale = ada.post("/admin/invitations", body.clone()).await;
        assert_eq!(stale.code(), "reauthentication-required");
        elevated(&ada).await;
        for wrong in [
            json!({}),
            json!({ "email": "no address" }),
            json!({ "email": ADA, "preset": { "plan": "gold" } }),
            json!({ "email": ADA, "preset": { "full_name": 7 } }),
            json!({ "email": ADA, "preset": { "full_name": "x".repeat(5000) } }),
            json!({ "email": ADA, "preset": [] }),
        ] {
            let answer = ada.post("/admin/invitations", wrong.clone()).await;
            assert_eq!(answer.code(), "invalid-fields", "{wrong}");
        }
        assert_eq!(gated.database.count("users_invitations").await, 0);
        assert_eq!(ada.post("/admin/invitations", body).await.status, 202);
        auth.drained().await;
        let audited = format!("users_audit WHERE kind = 'invited' AND user_id = {}", ada.id().await);
        assert_eq!(gated.database.count(&audited).await, 1);
    }

    async fn a_mail_that_proves_the_address_accepts_the_invitation(app: App) {
        let (auth, app, kinds) = closed(&app).await;
        invite(&auth, ADA, json!({ "full_name": "Ada" })).await;
        let token = app.token(MessageKind::Invitation, ADA).await;
        let answer = sign_in_by_mail(&app, ADA).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(app.database.count("users WHERE full_name = 'Ada'").await, 1);
        assert_eq!(app.database.count("users_invitations").await, 0);
        assert_ended(&accept(&app, form("eve", &token)).await);
        auth.drained().await;
        assert!(kinds.lock().unwrap().contains(&EventKind::InvitationAccepted));
    }

    async fn an_invitation_that_is_not_sent_does_not_end_the_earlier_one(app: App) {
        let (auth, app, _) = limited(&app, SignUpPolicy::closed(), RateLimits::default()).await;
        for _ in 0..6 {
            invite(&auth, ADA, json!({})).await;
            // In their order, so that the last mail has the last link.
            auth.drained().await;
        }
        assert_eq!(app.mail_count(MessageKind::Invitation, ADA).await, 5);
        let token = app.token(MessageKind::Invitation, ADA).await;
        assert_eq!(accept(&app, form("ada", &token)).await.status, 200);
    }
}
