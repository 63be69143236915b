//! Adding, replacing and removing the second factor.

use super::*;

on_every_database! {
    async fn an_owner_adds_and_removes_an_authenticator(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let elsewhere = app.signed_in("ada", PASSWORD).await;
        let none = json!({ "enabled": false, "required": false, "recovery_codes_remaining": 0 });
        assert_eq!(status(&ada).await, none);
        let setup = set_up(&ada).await.json();
        assert_eq!(status(&ada).await, none, "before its first code");
        assert!(setup["otpauth_uri"].as_str().unwrap().starts_with("otpauth://totp/Tests%3Aada%40"));
        assert!(setup["qr_code"].as_str().unwrap().contains("<svg"));
        let (secret, codes) = enrol(&app, &ada).await;
        assert_ne!(secret, secret_of(&setup), "each set-up has its own secret");
        assert_eq!(codes.len(), 10);
        assert!(ada.is_signed_in().await && !elsewhere.is_signed_in().await);
        assert_eq!(status(&ada).await["recovery_codes_remaining"], 10);
        assert_eq!(set_up(&ada).await.code(), "mfa-enabled");
        app.clock.advance(Duration::from_secs(30));
        let right = json!({ "code": code(&app, &secret, 0) });
        let answer = ada.post("/mfa/totp/disable", right).await;
        assert_eq!(answer.detail(), "Two-factor authentication disabled.");
        assert_eq!(status(&ada).await, none);
        assert!(app.signed_in("ada", PASSWORD).await.is_signed_in().await);
        for kind in [MessageKind::SecondFactorAdded, MessageKind::SecondFactorRemoved] {
            assert_eq!(app.mail_count(kind, "ada@example.com").await, 1, "{kind:?}");
        }
    }

    async fn a_set_up_needs_the_password(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        for body in [json!({}), json!({ "password": null }), json!({ "password": "wrong-one" })] {
            let answer = ada.post("/mfa/totp/setup", body).await;
            assert_eq!((answer.status, answer.detail()), (401, "Incorrect password".to_owned()));
        }
        assert_eq!(ada.post("/mfa/totp/setup", json!({ "password": 7 })).await.status, 422);
        assert_eq!(app.database.count("users_authenticators").await, 0);
    }

    async fn an_account_without_a_password_needs_a_recent_sign_in(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        app.database.execute("UPDATE users SET hashed_password = '!none'").await;
        assert_eq!(ada.post("/mfa/totp/setup", json!({})).await.status, 200);
        app.clock.advance(Duration::from_secs(601));
        assert_eq!(ada.post("/mfa/totp/setup", json!({})).await.code(), "sign-in-too-old");
    }

    async fn only_the_latest_set_up_counts_for_an_hour(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let confirm = |secret: String, steps| {
            ada.post("/mfa/totp/confirm", json!({ "code": code(&app, &secret, steps) }))
        };
        assert_eq!(confirm("A".repeat(32), 0).await.code(), "no-mfa-setup");
        let first = secret_of(&set_up(&ada).await.json());
        let second = secret_of(&set_up(&ada).await.json());
        assert_eq!(confirm(first, 0).await.code(), "invalid-code");
        for _ in 0..3 {
            app.clock.advance(Duration::from_secs(1201));
            assert!(ada.is_signed_in().await);
        }
        assert_eq!(confirm(second, 0).await.code(), "no-mfa-setup");
    }

    async fn a_change_of_password_voids_a_set_up(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let secret = secret_of(&set_up(&ada).await.json());
        assert_eq!(ada.change_password(PASSWORD, "another-strong-one").await.status, 200);
        let body = json!({ "code": code(&app, &secret, 0) });
        assert_eq!(ada.post("/mfa/totp/confirm", body).await.code(), "no-mfa-setup");
    }

    async fn new_recovery_codes_replace_all(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let body = json!({ "code": ada.codes[0] });
        let answer = ada.browser.post("/mfa/recovery-codes/regenerate", body.clone()).await;
        let codes = recovery_codes(&answer.json());
        assert!(codes.iter().all(|code| !ada.codes.contains(code)));
        assert!(!signs_in(&app, ada.name, &ada.codes[1]).await);
        assert!(signs_in(&app, ada.name, &codes[0]).await);
        let again = ada.browser.post("/mfa/recovery-codes/regenerate", body).await;
        assert_eq!(again.code(), "invalid-code");
        for kind in [MessageKind::RecoveryCodesReplaced, MessageKind::RecoveryCodeUsed] {
            assert!(app.mail_count(kind, "ada@example.com").await >= 1, "{kind:?}");
        }
        let replaced = MessageKind::RecoveryCodesReplaced;
        assert_eq!(app.mail_count(replaced, "ada@example.com").await, 1);
    }

    async fn a_required_factor_is_added_at_sign_in(app: App) {
        let setup = Setup { mfa: MfaConfig::default().is_required(true), ..Setup::default() };
        let app = guarded(&app, setup).await;
        assert_eq!(app.register("ada").await.status, 202);
        let answer = app.browser().login("ada", PASSWORD).await.json();
        let seen = secret_of(&answer["setup"]);
        let (browser, challenge) = challenged(&app, "ada").await;
        let shown = browser.post("/mfa/challenge", json!({ "challenge": challenge })).await.json();
        let secret = secret_of(&shown["setup"]);
        assert_ne!(secret, seen, "each sign-in has its own secret");
        assert_eq!(verify(&browser, &challenge, &code(&app, &seen, 0)).await.status, 401);
        let answer = verify(&browser, &challenge, &code(&app, &secret, 0)).await;
        assert_eq!(recovery_codes(&answer.json()).len(), 10);
        assert!(browser.is_signed_in().await);
        assert_eq!(app.mail_count(MessageKind::SecondFactorAdded, "ada@example.com").await, 1);
        assert_eq!(status(&browser).await["required"], true);
        app.clock.advance(Duration::from_secs(30));
        let body = json!({ "code": code(&app, &secret, 0) });
        assert_eq!(browser.post("/mfa/totp/disable", body).await.code(), "mfa-required");
        let (browser, challenge) = challenged(&app, "ada").await;
        let shown = browser.post("/mfa/challenge", json!({ "challenge": challenge })).await.json();
        assert_eq!(shown, json!({ "setup": null }));
    }

    async fn an_unverified_owner_adds_no_required_factor(app: App) {
        let mfa = MfaConfig::default().is_required(true).requires_verified(true);
        let app = guarded(&app, Setup { mfa, ..Setup::default() }).await;
        assert_eq!(app.register("ada").await.status, 202);
        let answer = app.browser().login("ada", PASSWORD).await;
        assert_eq!((answer.status, answer.code()), (403, "not-verified".to_owned()));
        assert_eq!(app.browser().login("ada", "wrong-one").await.status, 401);
        let token = app.token(MessageKind::VerifyEmail, "ada@example.com").await;
        app.browser().post("/email/verify-confirm", json!({ "token": token })).await;
        challenged(&app, "ada").await;
    }

    async fn the_session_that_adds_or_removes_a_factor_gets_another_token(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = app.member("ada").await;
        let copy = ada.stolen();
        let (secret, _) = enrol(&app, &ada).await;
        assert!(ada.is_signed_in().await && !copy.is_signed_in().await);
        assert_eq!(ada.get("/second").await.status, 200, "the first code is a proof");
        let copy = ada.stolen();
        app.clock.advance(Duration::from_secs(30));
        let body = json!({ "code": code(&app, &secret, 0) });
        assert_eq!(ada.post("/mfa/totp/disable", body).await.status, 200);
        assert!(ada.is_signed_in().await && !copy.is_signed_in().await);
        assert_eq!(ada.get("/second").await.status, 403);
        assert_eq!(app.database.count("users_sessions").await, 1);
    }

    async fn a_support_desk_removes_a_lost_factor(app: App) {
        let (auth, app) = guarded_mount(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let accounts = auth.accounts();
        let id = ada.browser.id().await;
        for _ in 0..2 {
            // A disabled account, too: the support enables it afterwards.
            accounts.disable(&id).await.unwrap();
        }
        let account = accounts.find(&id).await.unwrap().unwrap();
        assert!(accounts.mfa().remove(&account).await.unwrap());
        let account = accounts.find(&id).await.unwrap().unwrap();
        assert!(!accounts.mfa().remove(&account).await.unwrap(), "there is none any more");
        accounts.enable(&id).await.unwrap();
        assert!(app.signed_in("ada", PASSWORD).await.is_signed_in().await);
        let mails = app.mail_count(MessageKind::SecondFactorRemoved, "ada@example.com").await;
        assert_eq!(mails, 1);
    }

    async fn an_unverified_owner_may_be_refused(app: App) {
        let mfa = MfaConfig::default().requires_verified(true);
        let app = guarded(&app, Setup { mfa, ..Setup::default() }).await;
        let ada = app.member("ada").await;
        assert_eq!(set_up(&ada).await.code(), "not-verified");
        let token = app.token(MessageKind::VerifyEmail, "ada@example.com").await;
        ada.post("/email/verify-confirm", json!({ "token": token })).await;
        assert_eq!(set_up(&ada).await.status, 200);
    }

    async fn ten_changes_an_hour_count_before_the_body_is_judged(app: App) {
        let app = guarded(&app, Setup { limits: RateLimits::default(), ..Setup::default() }).await;
        let ada = app.member("ada").await;
        let paths = ["/mfa/totp/setup", "/mfa/totp/confirm", "/mfa/totp/disable"];
        for n in 0..10 {
            let answer = ada.post(paths[n % 3], json!({ "password": "wrong-one" })).await;
            assert!([401, 422].contains(&answer.status), "{answer:?}");
        }
        let answer = ada.post("/mfa/recovery-codes/regenerate", json!({ "code": "1" })).await;
        assert_eq!((answer.status, answer.code()), (429, "too-many-requests".to_owned()));
    }
}
