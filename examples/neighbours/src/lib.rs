//! The part of an app that uses crudauth. Each file in `tests` is the part that uses another crate on
//! the same database, and runs both.

use crudauth::AuthUser;
use sqlx::SqlitePool;

/// A secret of at least 32 bytes; a real app reads it from its environment.
const SECRET_KEY: &str = "a-secret-for-examples-of-32-bytes";

/// The user struct. The other crate has its own description of the same table.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
pub struct User {
    /// Primary key.
    pub id: i64,
    /// Name for sign-in.
    pub username: String,
    /// A column of the app.
    #[auth(default = "free")]
    pub plan: String,
}

/// The mount.
#[crudauth::routes(user = User, session)]
pub struct Auth;

/// Completes the tables and builds the mount on a pool.
///
/// # Errors
/// If the database cannot be reached or does not fit.
pub async fn mount(pool: SqlitePool) -> Result<Auth, Box<dyn std::error::Error>> {
    crudauth::migrations!(Auth).run(&pool).await?;
    Ok(Auth::builder(pool, SECRET_KEY).build().await?)
}
