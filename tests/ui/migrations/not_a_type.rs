//! `migrations!` takes one type.

#[derive(Clone, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

fn main() {
    let _ = async |pool: sqlx::SqlitePool| {
        let _ = crudauth::migrations!("users").run(&pool).await;
        let _ = crudauth::migrations!(User, User).run(&pool).await;
    };
}
