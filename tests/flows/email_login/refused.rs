//! A sign-in that the app refuses.

use crudauth::hook::{BeforeSignIn, HookError, SignInFacts};
use crudauth_tests::Kind;

use super::*;

/// Refuses clients of one address.
struct Door(&'static str);

impl BeforeSignIn<User> for Door {
    async fn before_sign_in(&self, sign_in: SignInFacts<'_, User>) -> Result<(), HookError> {
        let address = sign_in.client().address.map(|address| address.to_string());
        if address.as_deref() == Some(self.0) {
            Err(HookError::refused("Not here."))
        } else {
            Ok(())
        }
    }
}

#[tokio::test]
async fn a_refused_sign_in_spends_no_link_and_claims_no_account() {
    let app = App::on(Kind::Sqlite).await;
    let Database::Sqlite(pool) = app.database.clone() else { panic!("SQLite") };
    let auth = Mailed::builder(pool, SECRET)
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .before_sign_in(Door("198.51.100.9"))
        .rate_limits(RateLimits::off())
        .hashing(patient_hashing())
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
        .unwrap();
    let route = auth.mount(Route::new()).with(auth.clone()).map_to_response();
    let app = app.serving(route).draining(&auth);
    let holder = app.member("ada").await;
    let browser = app.browser();
    let sent = ask(&app, &browser, ADA).await;
    let refused = browser.clone().at("198.51.100.9");
    for proof in [sent.link(), sent.code()] {
        let answer = refused.post("/email-login/confirm", proof).await;
        assert_eq!((answer.status, &*answer.code()), (403, "refused-by-app"), "{answer:?}");
    }
    assert!(holder.is_signed_in().await, "nobody has proved the address");
    assert_eq!(app.browser().post("/email-login/confirm", sent.link()).await.status, 200);
    assert!(!holder.is_signed_in().await);
}
