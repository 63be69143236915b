//! Looks at the live database before anybody is served: what is missing shows at the start, and not
//! at somebody's first sign-in.

use std::collections::HashMap;

use crudauth_core::migrate::{Migrations, Plan};
use crudauth_core::model::AuthUser;
use crudauth_core::password::HashingPool;
use crudauth_core::sql::{AuthRow, Backend, Stores};
use sqlx::Pool;
use tracing::warn;

/// What the wiring takes from the live database.
pub(super) struct Live {
    /// What is missing or in the way, each in a sentence.
    pub(super) mistakes: Vec<String>,
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
    let mistakes = told::<U>(schema.plan());
    if mistakes.is_empty() {
        let prefixes = hashing.legacy_prefixes();
        let foreign = migrations.foreign_hashes(pool, &prefixes).await?;
        foreign.in_use.iter().for_each(|prefix| hashing.found(prefix));
        if foreign.has_unread {
            warn!(
                table = U::SHAPE.table,
                "there are password hashes that nothing reads, so their owners cannot sign in: name \
                 their format by `Builder::legacy_hash`"
            );
        }
    }
    Ok(Live { mistakes, widths: schema.widths().clone() })
}

/// How many statements are told; the first are about the user's table.
const SHOWN: usize = 5;

fn told<U: AuthUser>(plan: &Plan) -> Vec<String> {
    let mut mistakes: Vec<_> =
        plan.blocked().iter().map(|blocked| format!("database: {blocked}")).collect();
    let fills = plan.filled();
    if !plan.statements().is_empty() || !fills.is_empty() {
        let name = std::any::type_name::<U>().rsplit("::").next().unwrap_or("User");
        let filled = fills.iter().map(|column| format!("fill {column}"));
        let steps: Vec<_> = plan.statements().iter().cloned().chain(filled).collect();
        mistakes.push(format!(
            "database: `{}` is not what the struct needs; run `crudauth::migrations!({name})`, which \
             does: {}{}",
            U::SHAPE.table,
            steps[..steps.len().min(SHOWN)].join("; "),
            match steps.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!("; and {more} more, which its `plan()` lists"),
            }
        ));
    }
    mistakes
}
