//! Looks at the live database before anybody is served: what is missing shows at the start, and not
//! at somebody's first sign-in.

use std::collections::HashMap;

use crudauth_core::ConfigError;
use crudauth_core::migrate::{Migrations, Plan};
use crudauth_core::model::AuthUser;
use crudauth_core::password::HashingPool;
use crudauth_core::sql::{AuthRow, Backend, Stores};
use sqlx::Pool;
use tracing::warn;

/// What the wiring takes from the live database.
pub(super) struct Live {
    /// Differences between the database and the user struct.
    pub(super) errors: Vec<ConfigError>,
    /// The most characters that the columns of the user's table take.
    pub(super) widths: HashMap<String, usize>,
}

/// Compares the database with what is needed, and tells the pool which old hashes are there.
///
/// # Errors
/// If it cannot be looked at.
pub(super) async fn look<DB, U>(pool: &Pool<DB>, hashing: &HashingPool) -> sqlx::Result<Live>
where
    DB: Backend + Stores<U::Id>,
    U: AuthRow<DB>,
{
    let migrations = Migrations::<U>::new();
    let schema = migrations.inspect(pool).await?;
    let errors = differences::<U>(schema.plan());
    if errors.is_empty() {
        let prefixes = hashing.legacy_prefixes();
        let foreign = migrations.foreign_hashes(pool, &prefixes).await?;
        foreign.in_use.iter().for_each(|prefix| hashing.enable_prefix(prefix));
        if foreign.has_unread {
            warn!(
                table = U::SHAPE.table,
                "there are password hashes that nothing reads, so their owners cannot sign in: name \
                 their format by `Builder::legacy_hash`"
            );
        }
    }
    Ok(Live { errors, widths: schema.widths().clone() })
}

/// Returns each blocker, and one error for everything that a migration can add.
fn differences<U: AuthUser>(plan: &Plan) -> Vec<ConfigError> {
    let mut errors: Vec<_> =
        plan.blocked().iter().cloned().map(ConfigError::SchemaBlocked).collect();
    if !plan.statements().is_empty() || !plan.filled().is_empty() {
        let table = U::SHAPE.table;
        let user = std::any::type_name::<U>().rsplit("::").next().unwrap_or("User");
        errors.push(ConfigError::SchemaDiffers { table, user, plan: plan.clone() });
    }
    errors
}
