//! The hook before changes of username needs the slice.

use crudauth::hook::{BeforeUsernameChange, HookError, UsernameFacts};

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    username: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

struct Reserved;

impl BeforeUsernameChange<User> for Reserved {
    async fn before_username_change(&self, _: UsernameFacts<'_, User>) -> Result<(), HookError> {
        Ok(())
    }
}

fn main() {
    let _ = async |pool: sqlx::SqlitePool| {
        let _ = Auth::builder(pool, "secret").before_username_change(Reserved);
    };
}
