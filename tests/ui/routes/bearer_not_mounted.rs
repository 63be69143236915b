//! Settings and the scope policy belong to slices that are mounted.

use crudauth::{ApiKeyConfig, BearerConfig, RefreshIn, Scopes};

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

fn main() {
    let _ = |pool: sqlx::SqlitePool| {
        let _ = Auth::builder(pool.clone(), "secret").bearer(BearerConfig::default());
        let _ = Auth::builder(pool.clone(), "secret").refresh_in(RefreshIn::Body);
        let _ = Auth::builder(pool.clone(), "secret").api_keys(ApiKeyConfig::default());
        let _ = Auth::builder(pool, "secret").scopes_for(|_, _| Scopes::default());
    };
}
