//! The type is a mount or a user struct.

struct Post;

fn main() {
    let _ = async |pool: sqlx::SqlitePool| crudauth::migrations!(Post).run(&pool).await;
}
