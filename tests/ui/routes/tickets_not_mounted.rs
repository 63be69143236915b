//! Settings and the argument of `tickets` need the slice.

use crudauth::{AuthUser, TicketConfig, TicketUser};

#[derive(Clone, Debug, AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

fn build(pool: sqlx::SqlitePool) {
    let _ = Auth::builder(pool, "secret").tickets(TicketConfig::default());
}

fn socket(_: TicketUser<Auth>) {}

fn main() {}
