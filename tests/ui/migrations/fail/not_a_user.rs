//! The type is a user struct.

struct Post;

fn main() {
    let _ = async |pool: sqlx::SqlitePool| crudauth::migrations!(Post).run(&pool).await;
}
