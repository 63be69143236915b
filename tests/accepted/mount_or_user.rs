//! `migrations!` accepts a mount and a user struct.

#[derive(Clone, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Auth;

#[test]
fn migrations_accept_a_mount_and_a_struct() {
    let _ = async |pool: sqlx::SqlitePool| {
        let _: crudauth::Migrations<User> = crudauth::migrations!(Auth);
        crudauth::migrations!(Auth).run(&pool).await.ok();
        crudauth::migrations!(User,).run(&pool).await.ok();
    };
}
