//! Custom transports: their rights, and the guarantees that they cannot remove.

use crudauth::ConfigError;

use super::*;

/// Delegates to the session transport, as an app would that checks more than the cookie.
struct Wrapped;

impl Transport<User> for Wrapped {
    const NAME: &'static str = "wrapped";

    async fn resolve(
        &self,
        auth: &Mounted<User>,
        request: &Request,
    ) -> Result<Option<Principal<User>>, Refusal> {
        Transport::resolve(&slice::Session, auth, request).await
    }

    fn acts_for_owner(&self) -> bool {
        true
    }
}

#[crudauth::routes(user = User, bearer, transport = Wrapped)]
struct Wrapping;

#[handler]
async fn wrapped(user: CurrentUser<Wrapping>) -> Json<Value> {
    identity(user.principal())
}

#[tokio::test]
async fn a_session_behind_a_custom_transport_needs_its_csrf_token() {
    let app = app().await;
    let ada = app.member("ada").await;
    let Database::Sqlite(pool) = app.database.clone() else { unreachable!() };
    let auth = Wrapping::builder(pool, SECRET)
        .transport(Wrapped)
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
        .unwrap();
    let routes = Route::new().at("/whoami", get(wrapped).post(wrapped));
    let app = app.serving(routes.with(auth).map_to_response());
    let other = app.browser();
    other.set_cookie("session_id", &ada.cookie("session_id").unwrap());
    let get = other.send(Method::GET, "/whoami", &[], vec![]).await;
    assert_eq!(get.json(), json!(["ada", "wrapped"]));
    let post = other.send(Method::POST, "/whoami", &[], vec![]).await;
    assert_eq!((post.status, &*post.code()), (403, "csrf-missing"));
    let wrong = [("x-csrf-token", "x")];
    let post = other.send(Method::POST, "/whoami", &wrong, vec![]).await;
    assert_eq!((post.status, &*post.code()), (403, "csrf-invalid"));
    other.set_cookie("csrf_token", &ada.cookie("csrf_token").unwrap());
    let post = other.send(Method::POST, "/whoami", &[], vec![]).await;
    assert_eq!((post.status, post.json()), (200, json!(["ada", "wrapped"])), "with its token");
}

#[tokio::test]
async fn a_transport_changes_no_account_unless_it_acts_for_the_owner() {
    let app = app().await;
    let machine = app.browser();
    app.register("bob").await;
    let certificate = ("x-certificate", "bob");
    let me = machine.send(Method::GET, "/me", &[certificate], vec![]).await;
    assert_eq!((me.status, &me.json()["via"]), (200, &json!("certificate")));
    let body = json!({
        "current_password": "a-strong-one",
        "new_password": "another-strong-one",
        "new_email": "eve@example.com",
    });
    for path in ["/change-password", "/set-password", "/email/change-request"] {
        let headers = [certificate, ("content-type", "application/json")];
        let answer =
            machine.send(Method::POST, path, &headers, body.to_string().into_bytes()).await;
        assert_eq!((answer.status, &*answer.code()), (401, "not-authenticated"), "{path}");
    }
    assert_eq!(app.browser().login("bob", "a-strong-one").await.status, 200);
}

#[tokio::test]
async fn a_password_change_without_a_session_revokes_every_session() {
    let app = app().await;
    let ada = app.member("ada").await;
    let stranger = app.browser();
    let body = json!({ "current_password": "a-strong-one", "new_password": "another-strong-one" });
    let headers = [("x-badge", "ada"), ("content-type", "application/json")];
    let body = body.to_string().into_bytes();
    let answer = stranger.send(Method::POST, "/change-password", &headers, body).await;
    let cookies = answer.set_cookies();
    assert!(cookies.len() == 1 && cookies[0].starts_with("known_device="), "{answer:?}");
    assert!(!ada.is_signed_in().await);
}

#[tokio::test]
async fn duplicate_and_reserved_names_of_transports_fail_the_build() {
    #[crudauth::routes(user = User, session, transport = Badge, transport = Card, transport = Twin, transport = Tool)]
    struct Confused;
    macro_rules! named {
        ($($transport:ident: $name:literal),*) => {$(
            struct $transport;
            impl Transport<User> for $transport {
                const NAME: &'static str = $name;
                async fn resolve(
                    &self,
                    _: &Mounted<User>,
                    _: &Request,
                ) -> Result<Option<Principal<User>>, Refusal> {
                    Ok(None)
                }
            }
        )*};
    }
    named!(Card: "badge", Twin: "session", Tool: "application");
    let Database::Sqlite(pool) = Database::create(Kind::Sqlite).await.0 else { unreachable!() };
    crudauth::migrations!(User).run(&pool).await.unwrap();
    let built = Confused::builder(pool, SECRET)
        .transport(Twin)
        .transport(Tool)
        .transport(Badge)
        .transport(Card)
        .clock(Arc::new(ManualClock::default()))
        .build()
        .await;
    let error = built.unwrap_err();
    let setting = "transport";
    let expected = [
        ConfigError::DuplicateName { setting, name: "badge".to_owned() },
        ConfigError::ReservedName { setting, name: "session".to_owned() },
        ConfigError::ReservedName { setting, name: "application".to_owned() },
    ];
    assert_eq!(error.settings(), expected);
}

#[crudauth::routes(user = User, transport = Badge, session)]
struct BadgeFirst;

#[handler]
async fn badge_first(user: CurrentUser<BadgeFirst>) -> Json<Value> {
    identity(user.principal())
}

#[tokio::test]
async fn a_custom_transport_keeps_its_declared_order() {
    let app = app().await;
    let ada = app.member("ada").await;
    app.register("bob").await;
    let badge = ("x-badge", "bob");
    let answer = ada.send(Method::GET, "/whoami", &[badge], vec![]).await;
    assert_eq!(answer.json(), json!(["ada", "session"]), "`session` is the first word of `Shop`");

    let Database::Sqlite(pool) = app.database.clone() else { unreachable!() };
    let auth = BadgeFirst::builder(pool, SECRET)
        .clock(Arc::clone(&app.clock) as _)
        .transport(Badge)
        .build()
        .await
        .unwrap();
    let routes = Route::new().at("/whoami", get(badge_first));
    let app = app.serving(routes.with(auth).map_to_response());
    let other = app.browser();
    other.set_cookie("session_id", &ada.cookie("session_id").unwrap());
    let answer = other.send(Method::GET, "/whoami", &[badge], vec![]).await;
    assert_eq!(answer.json(), json!(["bob", "badge"]));
    let answer = other.send(Method::GET, "/whoami", &[], vec![]).await;
    assert_eq!(answer.json(), json!(["ada", "session"]));
}
