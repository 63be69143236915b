//! Every slice, a mount in a module, and two mounts of one struct. The routes that ask for no answer of a
//! bot check.

#![deny(warnings)]
#![allow(unreachable_pub, reason = "public structs are tried, too")]

use crudauth::Mount as _;
use crudauth::email::RecordingSender;
use crudauth::testing;
use crudauth_tests::{Database, Kind, SECRET};

/// A user.
#[derive(Clone, Debug, crudauth::AuthUser)]
pub struct User {
    id: i64,
    email: String,
    username: String,
    #[auth(editable)]
    motto: Option<String>,
}

/// Documented.
#[crudauth::routes(
    user = User, session, bearer, api_keys, sessions, tokens, email, mfa, passkeys, oauth, sudo, account,
    admin, audit, email_login, invitations, profile, username, tickets, bot_protection,
)]
pub struct Auth;

mod inner {
    /// Another mount of the same struct.
    #[crudauth::routes(session, user = super::User)]
    pub(crate) struct Plain;
}

#[poem::handler]
async fn dashboard(
    user: crudauth::CurrentUser<Auth, (crudauth::Verified, crudauth::Superuser)>,
    maybe: crudauth::MaybeUser<inner::Plain>,
    _: crudauth::CurrentUser<Auth, crudauth::Fresh<crudauth::factor::Passkey, 5>>,
    _: crudauth::CurrentUser<Auth, crudauth::Fresh<crudauth::factor::Email, 5>>,
) -> String {
    format!("{} {:?} {}", user.email, user.motto, maybe.user().is_some())
}

#[poem::handler]
async fn download(user: crudauth::TicketUser<Auth, crudauth::Verified>) -> String {
    format!("{} {:?}", user.username, user.principal().method())
}

fn assert_mount<A: crudauth::Mount + std::fmt::Debug>() {}

#[test]
fn a_mount_serves_every_slice_beside_another_mount() {
    assert_mount::<Auth>();
    assert_mount::<inner::Plain>();
    let _ = async |pool: sqlx::SqlitePool| {
        let settings = crudauth::EmailConfig::new(crudauth::PrintingSender, "https://example.com");
        let passkeys = crudauth::PasskeyConfig::default().rp_id("example.com".to_owned());
        let providers = crudauth::OAuthConfig::new("https://example.com")
            .provider(crudauth::oauth::Provider::google("id", "secret"));
        let builder = Auth::builder(pool.clone(), "secret").passkeys(passkeys).oauth(providers);
        let builder = builder.email_login(crudauth::EmailLoginConfig::default().max_attempts(3));
        let builder = builder.sign_up(crudauth::SignUpPolicy::domains(["example.com"]));
        let invitations =
            crudauth::InvitationConfig::default().lifetime(std::time::Duration::from_hours(24));
        let builder = builder.invitations(invitations);
        let auth = builder.email(settings).build().await.unwrap();
        let plain = inner::Plain::builder(pool, "secret").build().await.unwrap();
        let route = auth.mount(poem::Route::new()).at("/dashboard", poem::get(dashboard));
        let route = route.at("/download", poem::get(download));
        let route = route.nest("/plain", plain.routes());
        let _ = poem::EndpointExt::with(poem::EndpointExt::with(route, auth.clone()), plain);
    };
}

/// Public routes that ask for no answer: they need a mailed link, the cookie of a first step, the message
/// of a provider, a refresh token, or nothing because they only end something.
const ASK_FOR_NOTHING: [&str; 17] = [
    "/account/delete-confirm",
    "/account/restore",
    "/email-login",
    "/email-login/confirm",
    "/email/change-confirm",
    "/email/verify-confirm",
    "/logout",
    "/mfa/challenge",
    "/mfa/verify",
    "/oauth/:provider/backchannel-logout",
    "/oauth/:provider/callback",
    "/oauth/:provider/logout",
    // Pages call it when they open. It has a rate limit.
    "/passkeys/sign-in/options",
    "/passkeys/sign-in/verify",
    "/passkeys/verify",
    "/password/reset-confirm",
    "/refresh",
];

#[tokio::test]
async fn a_public_route_asks_for_an_answer_or_is_known_to_ask_for_nothing() {
    let (Database::Sqlite(pool), _) = Database::create(Kind::Sqlite).await else {
        unreachable!("a database of SQLite")
    };
    crudauth::migrations!(Auth).run(&pool).await.unwrap();
    let mails = crudauth::EmailConfig::new(RecordingSender::default(), "https://example.com");
    let passkeys = crudauth::PasskeyConfig::default().rp_id("example.com".to_owned());
    let providers = crudauth::OAuthConfig::new("https://example.com")
        .provider(crudauth::oauth::Provider::google("id", "secret"));
    let builder = Auth::builder(pool, SECRET).email(mails).passkeys(passkeys).oauth(providers);
    let auth = builder.build().await.unwrap();
    let client = testing::App::new(&auth, auth.routes()).client();
    let (slices, mut asked, mut refused) = (format!("{:?}", Auth::slices()), 0, 0);
    for path in slices.split("Path { path: \"").skip(1) {
        let (path, methods) = path.split_once('"').unwrap();
        if !methods.contains("POST") || ASK_FOR_NOTHING.contains(&path) {
            continue;
        }
        let url = path.replace(":id", "1").replace(":provider", "google");
        let answer = client.post(&url, serde_json::json!({})).await;
        match (answer.status, &*answer.code()) {
            (403, "bot-check-required") => asked += 1,
            (401, _) => refused += 1,
            other => unreachable!("{path}: {other:?}"),
        }
    }
    assert_eq!(asked, crudauth::bots::PublicRoute::ALL.len());
    assert!(refused > 20, "{refused}");
}
