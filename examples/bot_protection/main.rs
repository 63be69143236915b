//! Accounts whose public forms ask for proof of work, so that a script pays for each request.
//!
//! Choose it if programs sign up accounts, try passwords or make your app send mail. Run it, open the
//! address that it prints, and sign up. Mails are printed to the terminal.
//!
//! ```sh
//! cargo run -p examples --example bot_protection
//! ```
//!
//! `PUZZLE_SECONDS` sets how long a puzzle lives (default 600).
#![allow(clippy::print_stdout, reason = "a program prints to its terminal")]

use std::time::Duration;

use crudauth::bots::ProofOfWork;
use crudauth::email::BoxError;
use crudauth::{AuthRow, AuthUser, Backend, EmailConfig};
use examples::{Settings, log_to_stderr, on_the_database, variable};
use poem::{EndpointExt, Route};

mod page;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    email: String,
    username: String,
}

/// The word `bot_protection` is enough: every public route asks for proof of work.
#[crudauth::routes(user = User, session, email, bot_protection)]
struct Auth;

/// Creates the tables and builds the mount on any database.
async fn accounts<DB>(pool: sqlx::Pool<DB>, settings: &Settings) -> Result<Auth, BoxError>
where
    DB: Backend,
    User: AuthRow<DB>,
{
    let seconds = variable("PUZZLE_SECONDS").map_or(Ok(600), |text| text.parse())?;
    crudauth::migrations!(User).run(&pool).await?;
    let auth = Auth::builder(pool, settings.secret_key.as_str())
        .email(EmailConfig::new(settings.sender(), &settings.frontend_url))
        .bot_protection(ProofOfWork::default().lifetime(Duration::from_secs(seconds)))
        .cookies(settings.cookies())
        .trusted_proxy_hops(settings.trusted_proxy_hops)
        .redis(settings.redis.clone())
        .build()
        .await?;
    Ok(auth)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    log_to_stderr();
    let settings = Settings::read("bot_protection")?;
    let auth = on_the_database!(&settings, accounts);
    auth.spawn_purge(Duration::from_secs(600));
    let app = page::mount(auth.mount(Route::new())).with(auth.clone());
    println!("Open http://{} and sign up.", settings.bind);
    settings.serve(app, auth.drained()).await
}
