//! Compares the database with the user struct at start-up, so that a missing column does not fail a
//! first sign-in.

use std::collections::HashMap;

use crudauth_core::migrate::{Migrations, Plan, SchemaError};
use crudauth_core::model::AuthUser;
use crudauth_core::password::HashingPool;
use crudauth_core::sql::{AuthRow, Backend, Layout};
use sqlx::Pool;
use tracing::warn;

use crate::mount::Mount;

/// Facts about the live database.
pub(super) struct Live {
    /// Differences between the database and the user struct.
    pub(super) errors: Vec<SchemaError>,
    /// Largest number of characters of each column of the user table.
    pub(super) widths: HashMap<String, usize>,
    /// The columns of other types than the library's.
    pub(super) layout: Layout,
}

/// Compares the database with the tables of `migrations`, and enables the legacy formats that are
/// in use.
///
/// # Errors
/// If the database cannot be read.
pub(super) async fn look<A: Mount, DB: Backend>(
    pool: &Pool<DB>,
    hashing: &HashingPool,
    migrations: &Migrations<A::User>,
) -> sqlx::Result<Live>
where
    A::User: AuthRow<DB>,
{
    let schema = migrations.inspect(pool).await?;
    let errors = differences::<A>(schema.plan());
    if errors.is_empty() {
        let prefixes = hashing.legacy_prefixes();
        let foreign = migrations.foreign_hashes(pool, &prefixes).await?;
        foreign.in_use.iter().for_each(|prefix| hashing.enable_prefix(prefix));
        if foreign.has_unread {
            warn!(
                table = A::User::SHAPE.table,
                "password hashes in an unknown format: their owners cannot sign in; add the format \
                 with `Builder::legacy_hash`"
            );
        }
    }
    Ok(Live { errors, widths: schema.widths().clone(), layout: schema.layout().clone() })
}

/// Returns each blocker, and one error for everything that a migration can add.
fn differences<A: Mount>(plan: &Plan) -> Vec<SchemaError> {
    let mut errors: Vec<_> = plan.blockers().iter().cloned().map(SchemaError::Blocked).collect();
    if !plan.statements().is_empty() || !plan.backfills().is_empty() {
        let table = A::User::SHAPE.table;
        let user = std::any::type_name::<A>().rsplit("::").next().unwrap_or("Auth");
        errors.push(SchemaError::Differs { table, user, plan: plan.clone() });
    }
    errors
}
