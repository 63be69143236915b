//! `migrations!` accepts a mount and a user struct.

#[derive(Clone, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

fn main() {
    let _ = async |pool: sqlx::SqlitePool| {
        let _: crudauth::Migrations<User> = crudauth::migrations!(Auth);
        crudauth::migrations!(Auth).run(&pool).await.ok();
        crudauth::migrations!(User,).run(&pool).await.ok();
    };
}
