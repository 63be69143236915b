//! One compile reports all mistakes, and no error about a use of the struct.

use crudauth::AuthUser;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users;")]
struct User {
    number: i64,
    email: Option<String>,
    plan: String,
    #[auth(register)]
    is_superuser: bool,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

#[poem::handler]
async fn dashboard(user: crudauth::CurrentUser<Auth, crudauth::Verified>) -> String {
    user.plan.clone()
}

fn main() {
    let _ = async |pool: sqlx::SqlitePool| {
        let _ = crudauth::migrations!(User).run(&pool).await;
        let settings = crudauth::EmailConfig::new(crudauth::PrintingSender, "https://example.com");
        let _ = Auth::builder(pool, "secret").email(settings).build();
    };
}
