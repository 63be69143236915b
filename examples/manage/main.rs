//! The command line for `email_password`: migrations, the first superuser, support.
//!
//! Both programs need the same secret. On a new database, run `migrate` first.
//!
//! ```sh
//! export SECRET_KEY=$(openssl rand -hex 32)   # also for `email_password`
//! cargo run -p examples --example manage -- migrate
//! cargo run -p examples --example manage -- create-superuser email=ada@example.com username=ada
//! cargo run -p examples --example manage -- invite eve@example.com
//! ```

use std::process::ExitCode;

use crudauth::email::BoxError;
use crudauth::{AuthRow, AuthUser, Backend, EmailConfig};
use examples::{Settings, log_to_stderr, on_the_database};

/// The columns that this program reads. An app has its struct in a module that both programs use.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    email: String,
    username: String,
}

#[crudauth::routes(user = User, session, email, invitations)]
struct Auth;

/// The mount needs the settings of the app: the same secret and the same stores.
async fn manage<DB>(pool: sqlx::Pool<DB>, settings: &Settings) -> Result<ExitCode, BoxError>
where
    DB: Backend,
    User: AuthRow<DB>,
{
    let build = Auth::builder(pool.clone(), settings.secret_key.as_str())
        .email(EmailConfig::new(settings.sender(), &settings.frontend_url))
        .redis(settings.redis.clone())
        .build();
    Ok(crudauth::cli!(Auth).run(&pool, build).await)
}

#[tokio::main]
async fn main() -> Result<ExitCode, BoxError> {
    log_to_stderr();
    let settings = Settings::read("email_password")?;
    Ok(on_the_database!(&settings, manage))
}
