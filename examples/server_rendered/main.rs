//! An app that renders its pages on the server: every form works without JavaScript.
//!
//! Choose it if the app has templates instead of a front end. Run it, open the address that it
//! prints, and sign up. Mails are printed to the terminal.
//!
//! ```sh
//! cargo run -p examples --example server_rendered
//! ```
#![allow(clippy::print_stdout, reason = "a program prints to its terminal")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crudauth::email::BoxError;
use crudauth::{AuthRow, AuthUser, Backend, CurrentUser, EmailConfig, Flash, MaybeUser, Pages};
use examples::{Settings, log_to_stderr, on_the_database};
use maud::Markup;
use poem::http::{HeaderValue, StatusCode, header};
use poem::middleware::SetHeader;
use poem::web::{Data, Form, Query};
use poem::{EndpointExt, IntoResponse, Response, Route, get, handler};
use serde::Deserialize;

mod page;

/// The columns that this app reads.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    email: String,
    username: String,
    #[auth(register)]
    full_name: Option<String>,
}

#[crudauth::routes(user = User, session, sessions, email, email_login)]
struct Auth;

/// What people have written, in memory.
#[derive(Clone, Default)]
struct Board(Arc<Mutex<Vec<(i64, String)>>>);

/// The query of a page.
#[derive(Deserialize)]
struct Asked {
    /// The page after the form.
    next: Option<String>,
    /// The token of a mailed link.
    token: Option<String>,
}

#[handler]
fn home(user: MaybeUser<Auth>, flash: Flash<Auth>) -> Markup {
    page::home(user.user(), user.csrf_token(), flash.message())
}

#[handler]
fn sign_up(flash: Flash<Auth>) -> Markup {
    page::sign_up(flash.message())
}

#[handler]
fn sign_in(Query(asked): Query<Asked>, flash: Flash<Auth>) -> Markup {
    page::sign_in(asked.next.as_deref(), flash.message())
}

#[handler]
fn forgot_password(flash: Flash<Auth>) -> Markup {
    page::forgot_password(flash.message())
}

#[handler]
fn reset_password(Query(asked): Query<Asked>, flash: Flash<Auth>) -> Markup {
    page::reset_password(&asked.token.unwrap_or_default(), flash.message())
}

/// A page with a button: a program that opens every link of a mail uses up none.
#[handler]
fn verify_email(Query(asked): Query<Asked>, flash: Flash<Auth>) -> Markup {
    page::confirmation("/email/verify-confirm", &asked.token.unwrap_or_default(), flash.message())
}

#[handler]
fn confirm_email_change(Query(asked): Query<Asked>, flash: Flash<Auth>) -> Markup {
    page::confirmation("/email/change-confirm", &asked.token.unwrap_or_default(), flash.message())
}

#[handler]
fn account(user: CurrentUser<Auth>, flash: Flash<Auth>) -> Markup {
    let (csrf, is_verified) = (user.csrf_token(), user.principal().account().is_verified());
    page::account(&user, is_verified, csrf, flash.message())
}

/// A visitor who is not signed in comes back here after the sign-in.
#[handler]
fn notes(user: CurrentUser<Auth>, Data(board): Data<&Board>) -> Markup {
    let written = board.0.lock().unwrap_or_else(PoisonError::into_inner);
    let own = written.iter().rev().filter(|(author, _)| *author == user.id);
    page::notes(own.map(|(_, text)| text.as_str()), user.csrf_token())
}

#[derive(Deserialize)]
struct Note {
    text: String,
}

/// `CurrentUser` checks the field `csrf_token` of the form.
#[handler]
fn write(user: CurrentUser<Auth>, Data(board): Data<&Board>, Form(note): Form<Note>) -> Response {
    let mut written = board.0.lock().unwrap_or_else(PoisonError::into_inner);
    written.push((user.id, note.text.chars().take(500).collect()));
    StatusCode::SEE_OTHER.with_header(header::LOCATION, "/notes").into_response()
}

#[handler]
fn style() -> Response {
    let style = include_str!("style.css");
    Response::builder().content_type("text/css; charset=utf-8").body(style)
}

#[handler]
async fn healthz() -> &'static str {
    "ok"
}

/// Creates the tables and builds the mount on any database.
async fn accounts<DB>(pool: sqlx::Pool<DB>, settings: &Settings) -> Result<Auth, BoxError>
where
    DB: Backend,
    User: AuthRow<DB>,
{
    crudauth::migrations!(Auth).run(&pool).await?;
    let auth = Auth::builder(pool, settings.secret_key.as_str())
        .email(EmailConfig::new(settings.sender(), &settings.frontend_url))
        .pages(Pages::new("/sign-in").home("/account"))
        .cookies(settings.cookies())
        .trusted_proxy_hops(settings.trusted_proxy_hops)
        .redis(settings.redis.clone())
        .build()
        .await?;
    Ok(auth)
}

/// Scripts are forbidden; nothing here needs one. Pages with a token do not tell it to other sites.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'";

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    log_to_stderr();
    let settings = Settings::read("server_rendered")?;
    let auth = on_the_database!(&settings, accounts);
    auth.spawn_purge(Duration::from_secs(600));

    let headers = SetHeader::new()
        .overriding(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))
        .overriding(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
        .overriding(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    let app = auth
        .mount(Route::new())
        .at("/", get(home))
        .at("/sign-up", get(sign_up))
        .at("/sign-in", get(sign_in))
        .at("/forgot-password", get(forgot_password))
        .at("/reset-password", get(reset_password))
        .at("/verify-email", get(verify_email))
        .at("/confirm-email-change", get(confirm_email_change))
        .at("/account", get(account))
        .at("/notes", get(notes).post(write))
        .at("/style.css", get(style))
        .at("/healthz", get(healthz))
        .data(Board::default())
        .with(auth.clone())
        .with(headers);
    println!("Open http://{} and sign up.", settings.bind);
    // Sends queued mails before the process ends, within a time limit.
    settings.serve(app, auth.drained()).await
}
