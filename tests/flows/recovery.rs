//! The `recovery` slice: the flows of the `email` slice over the app's own channel.

use std::sync::Arc;

use crudauth::ManualClock;
use crudauth::channel::{BoxError, Delivery, DeliveryChannel, MessageKind, RecordingChannel};
use crudauth::testing::{self, Answer, Client};
use crudauth::{AuthUser, ContactChange, CurrentUser, RecoveryConfig, Verified, migrations};
use crudauth_tests::{Log, SECRET, on_every_pool};
use poem::{EndpointExt, Route, get, handler};
use serde_json::{Value, json};

const PASSWORD: &str = "a-strong-one";
const NEW: &str = "another-strong-one";
const ADA: &str = "+15550100";

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    username: String,
    #[auth(no_login)]
    phone: Option<String>,
}

#[crudauth::routes(user = User, session, recovery)]
struct Auth;

#[handler]
async fn billing(_: CurrentUser<Auth, Verified>) -> &'static str {
    "ok"
}

/// A channel that always fails.
struct Broken;

impl DeliveryChannel for Broken {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), BoxError> {
        let token = delivery.token.as_ref().map_or("", |token| token.expose());
        Err(format!("no route to {} for {token}", delivery.to).into())
    }
}

macro_rules! app {
    ($pool:ident) => {{
        migrations!(User).run(&$pool).await.unwrap();
        let channel = RecordingChannel::default();
        let clock = Arc::new(ManualClock::default());
        let auth = Auth::builder($pool, SECRET)
            .recovery(RecoveryConfig::new(Broken).channel(channel.clone()))
            .hashing(testing::cheap_hashing())
            .clock(clock.clone())
            .build()
            .await
            .unwrap();
        let routes = auth.mount(Route::new()).at("/billing", get(billing)).with(auth.clone());
        (testing::App::new(&auth, routes).deliveries(&channel), channel, clock)
    }};
}

fn form(name: &str, phone: &str) -> Value {
    json!({ "username": name, "password": PASSWORD, "phone": phone })
}

async fn reset(client: &Client, phone: &str) -> Answer {
    client.post("/password/reset-request", json!({ "phone": phone })).await
}

on_every_pool! {
    async fn a_phone_number_is_verified_and_resets_a_password(database, pool) {
        let (app, channel, _) = app!(pool);
        let ada = app.client();
        assert_eq!(ada.post("/register", form("ada", "+1 555 0100")).await.status, 202);
        let ada = app.signed_in("ada", PASSWORD).await;
        ada.get("/billing").await.expect_status(403);
        let token = app.last_token(MessageKind::VerifyRecovery, ADA).await;
        let confirm = json!({ "token": token });
        app.client().post("/email/verify-confirm", confirm.clone()).await.expect_status(200);
        app.client().post("/email/verify-confirm", confirm).await.expect_status(400);
        ada.get("/billing").await.expect_status(200);

        reset(&app.client(), "+1-555-0100").await.expect_status(200);
        let token = app.last_token(MessageKind::ResetPassword, ADA).await;
        let confirm = json!({ "token": token, "new_password": NEW });
        app.client().post("/password/reset-confirm", confirm).await.expect_status(200);
        ada.get("/me").await.expect_status(401);
        app.signed_in("ada", NEW).await.get("/me").await.expect_status(200);
        let notice = app.last_delivery(MessageKind::PasswordChanged, ADA).await.unwrap();
        assert!(notice.token.is_none() && notice.expires_in.is_zero());
        assert_eq!(channel.deliveries().len(), 3);
    }

    async fn answers_do_not_reveal_the_owner_of_a_number(database, pool) {
        let (app, channel, _) = app!(pool);
        let ada = app.client().post("/register", form("ada", ADA)).await;
        let eve = app.client().post("/register", form("eve", "+1 (555) 0100")).await;
        assert_eq!((ada.status, ada.text()), (eve.status, eve.text()));
        let warning = app.last_delivery(MessageKind::ExistingAccount, ADA).await.unwrap();
        assert!(warning.token.is_none());
        assert_eq!(database.count("users").await, 1);
        let known = reset(&app.client(), ADA).await;
        let unknown = reset(&app.client(), "+15559999").await;
        assert_eq!((known.status, known.text()), (unknown.status, unknown.text()));
        app.last_token(MessageKind::ResetPassword, ADA).await;
        assert!(channel.deliveries().iter().all(|one| one.to.as_str() == ADA));
    }

    async fn an_account_without_a_number_receives_nothing(database, pool) {
        let (app, channel, _) = app!(pool);
        let form = json!({ "username": "ada", "password": PASSWORD });
        app.client().post("/register", form).await.expect_status(202);
        let ada = app.signed_in("ada", PASSWORD).await;
        let change = json!({ "current_password": PASSWORD, "new_password": NEW });
        ada.post("/change-password", change).await.expect_status(200);
        for body in [json!({}), json!({ "phone": null }), json!({ "phone": "" })] {
            let refused = ada.post("/password/reset-request", body).await;
            assert_eq!(refused.status, 422, "{}", refused.text());
        }
        assert!(channel.deliveries().is_empty());
    }

    async fn a_number_set_by_an_administrator_is_unverified_and_voids_old_tokens(database, pool) {
        let (app, _, _) = app!(pool);
        let ada = app.verified(form("ada", ADA)).await;
        app.client().post("/register", form("bob", "+15550122")).await.expect_status(202);
        reset(&app.client(), ADA).await.expect_status(200);
        let old = app.last_token(MessageKind::ResetPassword, ADA).await;
        let accounts = app.auth().accounts();
        let id = accounts.find_by_identifier("ada").await.unwrap().unwrap().user.id;
        let set = async |number: &str| accounts.set_contact(&id, &number.parse().unwrap()).await.unwrap();
        assert_eq!(set("+15550122").await, ContactChange::Taken);
        assert_eq!(set("ada@example.com").await, ContactChange::NotFound);
        ada.get("/billing").await.expect_status(200);
        assert_eq!(set("+1 555 0111").await, ContactChange::Done);
        ada.get("/billing").await.expect_status(403);
        let user = accounts.find(&id).await.unwrap().unwrap().user;
        assert_eq!(user.phone.as_deref(), Some("+15550111"));
        let confirm = json!({ "token": old, "new_password": NEW });
        app.client().post("/password/reset-confirm", confirm).await.expect_status(400);
        reset(&app.client(), "+15550111").await.expect_status(200);
        app.last_token(MessageKind::ResetPassword, "+15550111").await;
    }

    async fn an_owner_gets_a_live_token_whatever_strangers_ask_for(database, pool) {
        let (app, channel, clock) = app!(pool);
        app.client().post("/register", form("ada", ADA)).await.expect_status(202);
        let resets = async || {
            app.auth().drained().await;
            let sent = channel.deliveries();
            sent.iter().filter(|one| one.kind == MessageKind::ResetPassword).count()
        };
        for window in 0..6 {
            let before = resets().await;
            // A stranger, from ever new addresses, at the first moment.
            for _ in 0..7 {
                reset(&app.client(), ADA).await.expect_status(200);
            }
            let sent = resets().await - before;
            assert!((1..=5).contains(&sent), "window {window}: {sent}");
            clock.advance(std::time::Duration::from_secs(600));
        }
        let texts = channel.deliveries().len();
        assert!(texts <= 10 + 6, "{texts} texts in an hour");
        reset(&app.client(), ADA).await.expect_status(200);
        let token = app.last_token(MessageKind::ResetPassword, ADA).await;
        let confirm = json!({ "token": token, "new_password": NEW });
        app.client().post("/password/reset-confirm", confirm).await.expect_status(200);
    }

    async fn one_network_causes_ten_texts_an_hour_over_all_numbers(database, pool) {
        let (app, channel, clock) = app!(pool);
        let network = app.client();
        for at in 0..5 {
            let number = format!("+1555020{at}");
            let form = form(&format!("name{at}"), &number);
            network.post("/register", form).await.expect_status(202);
            reset(&network, &number).await.expect_status(200);
        }
        let refused = network.post("/email/verify-request", json!({ "phone": ADA })).await;
        assert_eq!(refused.status, 429, "{}", refused.text());
        app.client().post("/email/verify-request", json!({ "phone": ADA })).await.expect_status(200);
        app.auth().drained().await;
        assert_eq!(channel.deliveries().len(), 10);
        clock.advance(std::time::Duration::from_secs(3600));
        network.post("/email/verify-request", json!({ "phone": ADA })).await.expect_status(200);
    }

    async fn changing_the_number_voids_its_token(database, pool) {
        let (app, _, clock) = app!(pool);
        app.client().post("/register", form("ada", ADA)).await.expect_status(202);
        reset(&app.client(), ADA).await.expect_status(200);
        let moved = app.last_token(MessageKind::ResetPassword, ADA).await;
        let kept = "UPDATE users SET phone = '+15550111', phone_key = '+15550111'";
        database.execute(kept).await;
        let confirm = |token: &str| json!({ "token": token, "new_password": NEW });
        app.client().post("/password/reset-confirm", confirm(&moved)).await.expect_status(400);
        reset(&app.client(), "+15550111").await.expect_status(200);
        let late = app.last_token(MessageKind::ResetPassword, "+15550111").await;
        clock.advance(std::time::Duration::from_secs(601));
        app.client().post("/password/reset-confirm", confirm(&late)).await.expect_status(400);
        app.signed_in("ada", PASSWORD).await;
    }
}

#[tokio::test]
async fn a_failing_channel_blocks_no_other_and_its_error_holds_no_token() {
    let log = Log::listen();
    let (database, _) = crudauth_tests::Database::create(crudauth_tests::Kind::Sqlite).await;
    let crudauth_tests::Database::Sqlite(pool) = database.clone() else { unreachable!() };
    let (app, channel, _) = app!(pool);
    app.client().post("/register", form("ada", ADA)).await.expect_status(202);
    let token = app.last_token(MessageKind::VerifyRecovery, ADA).await;
    let text = log.text();
    assert!(text.contains("no route to (recipient) for (token)"), "{text}");
    assert!(!text.contains(&token));
    assert!(!format!("{:?}", channel.deliveries()).contains(&token));
}
