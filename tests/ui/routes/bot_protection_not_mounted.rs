//! Settings of `bot_protection` need the slice.

use crudauth::AuthUser;
use crudauth::bots::ProofOfWork;

#[derive(Clone, Debug, AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

fn build(pool: sqlx::SqlitePool) {
    let _ = Auth::builder(pool, "secret").bot_protection(ProofOfWork::default());
}

fn main() {}
