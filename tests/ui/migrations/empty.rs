//! `migrations!` needs a user struct.

fn main() {
    let _ = async |pool: sqlx::SqlitePool| crudauth::migrations!().run(&pool).await;
}
