//! Every slice, a mount in a module, and two mounts of one struct.

#![deny(warnings)]
#![allow(unreachable_pub, reason = "public structs are tried, too")]

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
