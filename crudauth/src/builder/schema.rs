//! Checks the live database in `build()`, so that a missing column shows at the start and not at
//! the first sign-in.

use std::collections::HashMap;

use crudauth_core::migrate::{Migrations, Plan};
use crudauth_core::model::AuthUser;
use crudauth_core::password::HashingPool;
use crudauth_core::sql::{AuthRow, Backend, Stores};
use sqlx::Pool;
use tracing::warn;

use crate::mount::Mount;

/// Facts about the live database.
pub(super) struct Live {
    /// The missing parts and the blockers, one sentence each.
    pub(super) mistakes: Vec<String>,
    /// The most characters that the columns of the user's table take.
    pub(super) widths: HashMap<String, usize>,
}

/// Compares the database with the tables of `migrations`, and enables the legacy formats that are
/// in use.
///
/// # Errors
/// If the database cannot be read.
pub(super) async fn look<A: Mount, DB>(
    pool: &Pool<DB>,
    hashing: &HashingPool,
    migrations: &Migrations<A::User>,
) -> sqlx::Result<Live>
where
    DB: Backend + Stores<<A::User as AuthUser>::Id>,
    A::User: AuthRow<DB>,
{
    let schema = migrations.inspect(pool).await?;
    let mistakes = mistakes::<A>(schema.plan());
    if mistakes.is_empty() {
        let prefixes = hashing.legacy_prefixes();
        let foreign = migrations.foreign_hashes(pool, &prefixes).await?;
        foreign.in_use.iter().for_each(|prefix| hashing.found(prefix));
        if foreign.has_unread {
            warn!(
                table = A::User::SHAPE.table,
                "password hashes in an unknown format: their owners cannot sign in; add the format \
                 with `Builder::legacy_hash`"
            );
        }
    }
    Ok(Live { mistakes, widths: schema.widths().clone() })
}

/// How many steps an error lists. The first ones concern the user's table.
const SHOWN: usize = 5;

fn mistakes<A: Mount>(plan: &Plan) -> Vec<String> {
    let blockers = plan.blockers().iter().map(|blocker| format!("database: {blocker}"));
    let mut mistakes: Vec<_> = blockers.collect();
    let backfills = plan.backfills().into_iter().map(|column| format!("fill {column}"));
    let mut steps: Vec<_> = plan.statements().iter().cloned().chain(backfills).collect();
    if !steps.is_empty() {
        let name = std::any::type_name::<A>().rsplit("::").next().unwrap_or("Auth");
        let more = steps.len().saturating_sub(SHOWN);
        steps.truncate(SHOWN);
        if more > 0 {
            steps.push(format!("and {more} more, which its `plan()` lists"));
        }
        mistakes.push(format!(
            "database: `{}` lacks columns, indexes or tables beside it; run \
             `crudauth::migrations!({name})`, which executes: {}",
            A::User::SHAPE.table,
            steps.join("; ")
        ));
    }
    mistakes
}
