//! Tickets for WebSockets and downloads: one use, one path, and no more rights than the credential
//! that asked for them.

use crudauth::store::MemoryStore;
use crudauth::{
    BearerConfig, CurrentUser, Elevated, RateLimit, RedisConfig, Scope, TicketConfig, TicketUser,
    Via, rate_limit, slice,
};
use crudauth_tests::{Kind, RedisServer};
use poem::{get, handler};

use super::*;

#[crudauth::routes(user = Person, session, sessions, bearer, email, mfa, sudo, tickets)]
struct Sockets;

crudauth::scopes! { ReportsRead = "reports:read"; }

#[handler]
async fn socket(user: TicketUser<Sockets>) -> String {
    user.username.clone()
}

#[handler]
async fn elevated_only(_: TicketUser<Sockets, Elevated>) -> &'static str {
    "ok"
}

#[handler]
async fn scoped(_: TicketUser<Sockets, Scope<ReportsRead>>) -> &'static str {
    "ok"
}

#[handler]
async fn by_token(_: TicketUser<Sockets, Via<slice::Bearer>>) -> &'static str {
    "ok"
}

#[handler]
async fn ordinary(_: CurrentUser<Sockets>) -> &'static str {
    "ok"
}

/// Where the tickets are.
enum Kept {
    Database,
    Memory,
    Redis(RedisConfig),
}

async fn build<DB: Backend>(
    app: &App,
    pool: sqlx::Pool<DB>,
    kept: Kept,
    limits: RateLimits,
) -> Sockets
where
    Person: AuthRow<DB>,
{
    let scopes = BearerConfig::default().default_scopes(ReportsRead).grantable_scopes(ReportsRead);
    let builder = Sockets::builder(pool, SECRET)
        .email(EmailConfig::new(app.outbox.clone(), FRONTEND))
        .bearer(scopes)
        .refresh_in(RefreshIn::Body)
        .rate_limits(limits)
        .hashing(patient_hashing())
        .trusted_proxy_hops(1)
        .clock(Arc::clone(&app.clock) as _);
    let builder = match kept {
        Kept::Database => builder,
        Kept::Memory => builder.challenges_in(MemoryStore::default()),
        Kept::Redis(config) => builder.redis(config),
    };
    builder.build().await.unwrap()
}

async fn mounted(app: &App, kept: Kept, limits: RateLimits) -> (Sockets, App) {
    let auth = match app.database.clone() {
        Database::Sqlite(pool) => build(app, pool, kept, limits).await,
        Database::Postgres(pool) => build(app, pool, kept, limits).await,
        Database::MySql(pool) => build(app, pool, kept, limits).await,
    };
    let inner = Route::new().at("/rooms/:id", get(socket));
    let guarded = auth.guard::<()>(Route::new().at("/socket", get(socket)));
    let routes = auth
        .mount(Route::new())
        .at("/socket", get(socket))
        .at("/elevated", get(elevated_only))
        .at("/scoped", get(scoped))
        .at("/by-token", get(by_token))
        .at("/ordinary", get(ordinary))
        .nest("/chat", inner)
        .nest("/guarded", guarded)
        .with(auth.clone());
    let mailing = auth.clone();
    let app = app.serving(routes.map_to_response()).waiting_for(move || {
        let auth = mailing.clone();
        async move { auth.drained().await }
    });
    (auth, app)
}

async fn sockets(app: &App) -> (Sockets, App) {
    mounted(app, Kept::Database, RateLimits::off()).await
}

/// A ticket for that path.
async fn ticket(browser: &Browser, path: &str) -> String {
    text_of(&browser.post("/tickets", json!({ "path": path })).await)
}

/// A ticket in the place of an access token.
async fn ticket_of_token(app: &App, access: &str, path: &str) -> String {
    let authorization = format!("Bearer {access}");
    let headers = [("authorization", &*authorization), ("content-type", "application/json")];
    let body = json!({ "path": path }).to_string().into_bytes();
    text_of(&app.browser().send(Method::POST, "/tickets", &headers, body).await)
}

fn text_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["ticket"].as_str().unwrap().to_owned()
}

/// Opens a path by a ticket, in a browser without cookies.
async fn open(app: &App, path: &str, ticket: &str) -> Answer {
    app.browser().get(&format!("{path}?ticket={ticket}")).await
}

fn assert_rejected(answer: &Answer) {
    assert_eq!((answer.status, &*answer.code()), (401, "invalid-ticket"), "{answer:?}");
}

/// Asserts that of 64 uses of a ticket one opens the socket.
async fn assert_opens_once(app: &App) {
    let ada = app.member("ada").await;
    let ticket = ticket(&ada, "/socket").await;
    let answers = concurrently((0..64).map(|_| {
        let (app, ticket) = (app.clone(), ticket.clone());
        async move { open(&app, "/socket", &ticket).await }
    }))
    .await;
    let counts = (count_status(&answers, 200), count_status(&answers, 401));
    assert_eq!(counts, (1, 63), "{answers:?}");
}

on_every_database! {
    async fn behind_a_gate_a_ticket_is_of_the_account_that_passed_it(app: App) {
        let (_, app) = sockets(&app).await;
        let (ada, eve) = (app.member("ada").await, app.member("eve").await);
        for (owner, status) in [(&ada, 200), (&eve, 403)] {
            let ticket = ticket(owner, "/guarded/socket").await;
            let answer = ada.get(&format!("/guarded/socket?ticket={ticket}")).await;
            assert_eq!(answer.status, status, "{answer:?}");
        }
    }

    async fn a_ticket_opens_its_path_once(app: App) {
        let (_, app) = sockets(&app).await;
        let ada = app.member("ada").await;
        let answer = ada.post("/tickets", json!({ "path": "/socket" })).await;
        assert_eq!(answer.json()["expires_in"], 30);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let ticket = text_of(&answer);
        assert_eq!(app.database.count("users_challenges").await, 1);
        let opened = open(&app, "/socket", &ticket).await;
        assert_eq!((opened.status, &*opened.text), (200, "ada"));
        assert_eq!(opened.header("cache-control"), Some("private"));
        assert!(opened.set_cookies().is_empty(), "it opens nothing else");
        assert_rejected(&open(&app, "/socket", &ticket).await);
        assert_eq!(app.database.count("users_challenges").await, 0);
    }

    async fn of_64_uses_of_a_ticket_at_once_one_opens(app: App) {
        let (_, app) = sockets(&app).await;
        assert_opens_once(&app).await;
    }

    async fn a_cookie_of_the_browser_opens_no_socket(app: App) {
        let (_, app) = sockets(&app).await;
        let ada = app.member("ada").await;
        assert_rejected(&ada.get("/socket").await);
        for malformed in ["", "x", &"a".repeat(64), &"A".repeat(64)] {
            assert_rejected(&ada.get(&format!("/socket?ticket={malformed}")).await);
        }
        let eve = app.member("eve").await;
        let ticket = ticket(&ada, "/socket").await;
        let opened = eve.get(&format!("/socket?room=1&ticket={ticket}")).await;
        assert_eq!((opened.status, &*opened.text), (200, "ada"), "the ticket decides");
    }

    async fn a_ticket_is_for_one_path(app: App) {
        let (_, app) = sockets(&app).await;
        let ada = app.member("ada").await;
        let ticket = ticket(&ada, "/chat/rooms/7").await;
        for other in ["/socket", "/chat/rooms/8"] {
            assert_rejected(&open(&app, other, &ticket).await);
        }
        assert_eq!(open(&app, "/chat/rooms/7", &ticket).await.status, 200, "it is not used up");
    }

    async fn no_ordinary_route_takes_a_ticket(app: App) {
        let (_, app) = sockets(&app).await;
        let ada = app.member("ada").await;
        for path in ["/ordinary", "/me"] {
            let ticket = ticket(&ada, path).await;
            let answer = open(&app, path, &ticket).await;
            assert_eq!((answer.status, &*answer.code()), (401, "not-authenticated"), "{path}");
        }
    }

    async fn a_ticket_ends_with_the_sign_in_that_asked_for_it(app: App) {
        let (auth, app) = sockets(&app).await;
        let ada = app.member("ada").await;
        let id = ada.id().await;

        let expired = ticket(&ada, "/socket").await;
        app.clock.advance(Duration::from_secs(30));
        assert_rejected(&open(&app, "/socket", &expired).await);

        let signed_out = app.signed_in("ada", PASSWORD).await;
        let ticket_of_session = ticket(&signed_out, "/socket").await;
        assert_eq!(signed_out.post("/logout", json!({})).await.status, 200);
        assert_rejected(&open(&app, "/socket", &ticket_of_session).await);

        let (access, refresh) = tokens(&app, "ada").await;
        let ticket_of_tokens = ticket_of_token(&app, &access, "/socket").await;
        let end = json!({ "refresh_token": refresh });
        assert_eq!(app.browser().post("/logout", end).await.status, 200);
        assert_rejected(&open(&app, "/socket", &ticket_of_tokens).await);

        let (access, _) = tokens(&app, "ada").await;
        let phone = app.signed_in("ada", PASSWORD).await;
        let stale = [
            ticket(&phone, "/socket").await,
            ticket_of_token(&app, &access, "/socket").await,
        ];
        assert_eq!(ada.change_password(PASSWORD, "another-strong-one").await.status, 200);
        for stale in stale {
            assert_rejected(&open(&app, "/socket", &stale).await);
        }

        let disabled = ticket(&ada, "/socket").await;
        assert!(auth.accounts().disable(&id).await.unwrap());
        assert_rejected(&open(&app, "/socket", &disabled).await);
    }

    async fn a_ticket_has_the_rights_of_its_credential(app: App) {
        let (_, app) = sockets(&app).await;
        let ada = app.member("ada").await;
        let (access, _) = tokens(&app, "ada").await;
        let plain = ticket(&ada, "/elevated").await;
        let answer = open(&app, "/elevated", &plain).await;
        assert_eq!((answer.status, &*answer.code()), (403, "reauthentication-required"));
        elevated(&ada).await;
        let proved = ticket(&ada, "/elevated").await;
        assert_eq!(open(&app, "/elevated", &proved).await.status, 200);

        let of_session = ticket(&ada, "/scoped").await;
        let answer = open(&app, "/scoped", &of_session).await;
        assert_eq!((answer.status, &*answer.code()), (403, "insufficient-scope"));
        let of_token = ticket_of_token(&app, &access, "/scoped").await;
        assert_eq!(open(&app, "/scoped", &of_token).await.status, 200);

        let of_session = ticket(&ada, "/by-token").await;
        let answer = open(&app, "/by-token", &of_session).await;
        assert_eq!((answer.status, &*answer.code()), (401, "not-authenticated"));
        let of_token = ticket_of_token(&app, &access, "/by-token").await;
        assert_eq!(open(&app, "/by-token", &of_token).await.status, 200);
    }

    async fn a_socket_takes_no_other_challenge(app: App) {
        let (_, app) = sockets(&app).await;
        let ada = app.member("ada").await;
        let (_, codes) = enrol(&app, &ada).await;
        let browser = app.browser();
        let challenge = browser.login("ada", PASSWORD).await.json()["challenge"].clone();
        assert_rejected(&open(&app, "/socket", challenge.as_str().unwrap()).await);
        let code = json!({ "challenge": challenge, "code": codes[0] });
        assert_eq!(browser.post("/mfa/verify", code).await.status, 200, "it is not used up");
        let ticket = ticket(&browser, "/socket").await;
        let code = json!({ "challenge": ticket, "code": codes[1] });
        assert_eq!(app.browser().post("/mfa/verify", code).await.status, 400);
        assert_eq!(open(&app, "/socket", &ticket).await.status, 200);
    }

    async fn only_an_owner_with_the_csrf_token_gets_a_ticket(app: App) {
        let limits = RateLimits::default().set(rate_limit::ISSUE_TICKET, RateLimit::per_hour(2));
        let (auth, app) = mounted(&app, Kept::Database, limits).await;
        let body = json!({ "path": "/socket" });
        assert_eq!(app.browser().post("/tickets", body.clone()).await.status, 401);
        let ada = app.member("ada").await;
        let forged = ada.stolen();
        forged.drop_cookie("csrf_token");
        assert_eq!(forged.post("/tickets", body.clone()).await.code(), "csrf-missing");
        for invalid in ["", "socket", "//evil.example", "/a/../b", "/socket?x=1", "/socket#x"] {
            let answer = ada.post("/tickets", json!({ "path": invalid })).await;
            assert_eq!((answer.status, &*answer.code()), (422, "invalid-fields"), "{invalid}");
        }
        for _ in 0..2 {
            ticket(&ada, "/socket").await;
        }
        assert_eq!(ada.post("/tickets", body).await.code(), "too-many-requests");
        let account = auth.accounts().find_by_identifier("ada").await.unwrap().unwrap();
        let application = crudauth::Principal::application(&account);
        let path = crudauth::RedirectPath::parse("/socket").unwrap();
        let refused = auth.accounts().tickets().issue(&application, &path).await;
        assert!(matches!(refused, Err(crudauth::flow::TicketError::NoSignIn)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_uses_of_a_ticket_in_redis_one_opens() {
    let server = RedisServer::start();
    let kept = Kept::Redis(RedisConfig::new(server.url()));
    let (_, app) = mounted(&App::on(Kind::Sqlite).await, kept, RateLimits::off()).await;
    assert_opens_once(&app).await;
    assert_eq!(app.database.count("users_challenges").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_uses_of_a_ticket_in_memory_one_opens() {
    let (_, app) = mounted(&App::on(Kind::Sqlite).await, Kept::Memory, RateLimits::off()).await;
    assert_opens_once(&app).await;
    assert_eq!(app.database.count("users_challenges").await, 0);
}

#[tokio::test]
async fn the_lifetime_of_a_ticket_has_bounds() {
    let Database::Sqlite(pool) = App::on(Kind::Sqlite).await.database else { unreachable!() };
    for seconds in [0, 301] {
        let config = TicketConfig::default().lifetime(Duration::from_secs(seconds));
        let sender = crudauth::email::RecordingSender::default();
        let builder = Sockets::builder(pool.clone(), SECRET).tickets(config);
        let error = builder.email(EmailConfig::new(sender, FRONTEND)).build().await.unwrap_err();
        assert!(error.to_string().contains("tickets.lifetime"), "{error}");
    }
}
