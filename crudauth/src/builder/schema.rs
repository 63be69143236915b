//! Compares the database with the user struct at start-up, so that a missing column does not fail a
//! first sign-in.

use std::collections::HashMap;

use crudauth_core::ConfigError;
use crudauth_core::migrate::{Migrations, Plan};
use crudauth_core::model::AuthUser;
use crudauth_core::password::HashingPool;
use crudauth_core::sql::{AuthRow, Backend, Stores};
use sqlx::Pool;
use tracing::warn;

/// Findings about the live database.
pub(super) struct Live {
    /// Differences between the database and the user struct.
    pub(super) errors: Vec<ConfigError>,
    /// Largest number of characters of each column of the user table.
    pub(super) widths: HashMap<String, usize>,
}

/// Compares the database with the user struct, and enables the legacy formats of stored hashes.
///
/// # Errors
/// If the database cannot be inspected.
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
        foreign.in_use.iter().for_each(|prefix| hashing.found(prefix));
        if foreign.has_unread {
            warn!(
                table = U::SHAPE.table,
                "found password hashes of an unknown format, their owners cannot sign in: add the \
                 format with `Builder::legacy_hash`"
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
