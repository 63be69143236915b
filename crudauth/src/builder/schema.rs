//! Compares the database with the user struct at start-up, so that a missing column does not fail a
//! first sign-in.

use std::collections::HashMap;
use std::time::Duration;

use crudauth_core::migrate::{Migrations, Plan, SchemaError, UnreadHashes, find_hashes, is_large};
use crudauth_core::model::{AuthUser, Shape};
use crudauth_core::password::HashingPool;
use crudauth_core::slices::mfa::takeover::CONFIRMED_AT;
use crudauth_core::sql::{AuthRow, Backend, Layout};
use crudauth_core::task;
use sqlx::Pool;
use tokio::time::timeout;
use tracing::warn;

use crate::mount::Mount;

/// How long a start waits for the search for password hashes of other systems in a large table: as
/// long as the search takes on about a million rows.
const HASH_SEARCH: Duration = Duration::from_millis(300);

/// Facts about the live database.
pub(super) struct Live {
    /// Differences between the database and the user struct.
    pub(super) errors: Vec<SchemaError>,
    /// Largest number of characters of each column of the user table.
    pub(super) widths: HashMap<String, usize>,
    /// The columns of other types than the library's.
    pub(super) layout: Layout,
    /// Whether the user's table may have second factors of crudauth-py.
    pub(super) has_crudauth_py_factors: bool,
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
        search_in_time(pool, hashing, const { &A::User::SHAPE }).await?;
    }
    Ok(Live {
        errors,
        widths: schema.widths().clone(),
        layout: schema.layout().clone(),
        has_crudauth_py_factors: schema.has_column(CONFIRMED_AT),
    })
}

/// Searches for password hashes of other systems; in a large table, in the background after a while.
async fn search_in_time<DB: Backend>(
    pool: &Pool<DB>,
    hashing: &HashingPool,
    shape: &'static Shape,
) -> sqlx::Result<()> {
    let mut search = Box::pin(search(pool.clone(), hashing.clone(), shape));
    if !is_large(pool, shape).await? {
        return search.await;
    }
    match timeout(HASH_SEARCH, &mut search).await {
        Ok(result) => return result,
        Err(_) => drop(task::spawn(Box::pin(async move {
            if let Err(error) = search.await {
                warn!(%error, "search for password hashes of other systems failed");
            }
        }))),
    }
    Ok(())
}

/// Enables the legacy formats that are in use, each as soon as a hash of it is found, and reports the
/// hashes that no format reads.
async fn search<DB: Backend>(
    pool: Pool<DB>,
    hashing: HashingPool,
    shape: &Shape,
) -> sqlx::Result<()> {
    let prefixes = hashing.legacy_prefixes();
    let mut enable = |prefix: &str| hashing.enable_prefix(prefix);
    let found = find_hashes(&pool, shape, &prefixes, &mut enable).await?;
    let table = shape.table;
    for UnreadHashes { prefix, count, .. } in found.unread {
        if prefix.starts_with("$argon2") {
            warn!(
                table,
                prefix,
                count,
                "password hashes are damaged or above the cost that is read: their owners cannot \
                 sign in before they reset the password"
            );
        } else {
            warn!(
                table,
                prefix,
                count,
                "password hashes in an unknown format: their owners cannot sign in; add the format \
                 with `Builder::legacy_hash`"
            );
        }
    }
    Ok(())
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
