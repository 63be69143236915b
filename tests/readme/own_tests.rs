//! The tests of an app, with the helpers of `crudauth::testing`.

use std::sync::Arc;
use std::time::Duration;

use crudauth::testing::{ManualClock, RecordingSender, cheap_hashing};
use crudauth::{AuthUser, BearerConfig, CurrentUser, EmailConfig};
use poem::{Endpoint, EndpointExt, Route, get, handler};
use serde_json::json;

#[derive(Clone, Debug, AuthUser)]
struct User {
    id: i64,
    email: String,
    username: String,
}

#[crudauth::routes(user = User, session, bearer, email)]
struct Auth;

crudauth::scopes! {
    ReportsRead = "reports:read";
}

#[handler]
async fn notes(user: CurrentUser<Auth>) -> String {
    user.username.clone()
}

fn routes(auth: &Auth) -> impl Endpoint + use<> {
    auth.mount(Route::new()).at("/notes", get(notes).post(notes)).with(auth.clone())
}

#[tokio::test]
async fn one_line_signs_a_test_user_in() {
    let (pool, recording_sender) = (crate::pool().await, RecordingSender::default());
    let manual_clock = Arc::new(ManualClock::default());
    crudauth::migrations!(User).run(&pool).await.unwrap();
    let auth = Auth::builder(pool, "a-secret-for-tests-of-at-least-32-bytes")
        .email(EmailConfig::new(recording_sender.clone(), "https://app.example.com"))
        .bearer(BearerConfig::default().grantable_scopes(ReportsRead))
        .hashing(cheap_hashing())
        .clock(Arc::clone(&manual_clock) as _)
        .build()
        .await
        .unwrap();

    let app = crudauth::testing::App::new(&auth, routes(&auth)).mails(&recording_sender);
    let ada = app
        .verified(
            json!({ "email": "ada@example.com", "username": "ada", "password": "a-strong-one" }),
        )
        .await;
    ada.post("/notes", json!({ "text": "hello" })).await.expect_status(200);
    let script = app.granted("ada@example.com", "a-strong-one", ReportsRead).await;
    manual_clock.advance(Duration::from_secs(3600));
    ada.get("/notes").await.expect_status(401);

    // Not in the README: the token has expired by then too.
    script.get("/notes").await.expect_status(401);
}
