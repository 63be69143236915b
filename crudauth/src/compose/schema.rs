//! Looks at the live database before anybody is served: what is missing shows at the start, and not
//! at somebody's first sign-in.

use std::collections::HashMap;

use crudauth_core::model::AuthUser;
use crudauth_core::password::HashingPool;
use crudauth_core::storage::sql::{AuthRow, Backend, Migrations, Plan, Stores};
use sqlx::Pool;

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
        for prefix in migrations.hash_prefixes_in_use(pool, &prefixes).await? {
            hashing.found(&prefix);
        }
    }
    Ok(Live { mistakes, widths: schema.widths().clone() })
}

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
             does: {}",
            U::SHAPE.table,
            steps.join("; ")
        ));
    }
    mistakes
}
