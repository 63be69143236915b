//! A struct in a function, and a struct in a private module.

#![deny(warnings)]
#![allow(dead_code, unreachable_pub, reason = "every visibility is tried, and no column is read")]

mod accounts {
    pub(super) mod inner {
        use crudauth::AuthUser;

        #[derive(Clone, Debug, AuthUser)]
        pub struct Admin {
            pub(crate) id: String,
            username: String,
            #[auth(register)]
            pub(super) team: Option<String>,
        }
    }

    /// The mount.
    #[crudauth::routes(user = inner::Admin, session)]
    pub(super) struct Admins;
}

#[test]
fn a_struct_may_be_in_a_function_or_a_private_module() {
    #[derive(Clone, Debug, crudauth::AuthUser)]
    struct User {
        id: i64,
        email: String,
    }

    #[crudauth::routes(user = User, session, email)]
    struct Auth;

    let _ = |pool: sqlx::MySqlPool| Auth::builder(pool, "secret");
    let _ = |pool: sqlx::MySqlPool| accounts::Admins::builder(pool, "secret");
    let _ = async |pool: sqlx::MySqlPool| crudauth::migrations!(User).run(&pool).await;
    let _ = async |pool: sqlx::MySqlPool| {
        crudauth::migrations!(accounts::inner::Admin,).run(&pool).await
    };
}
