//! The builder needs every transport that the mount names.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session, transport = Badge, transport = Card)]
struct Auth;

struct Badge;

impl crudauth::Transport<User> for Badge {
    const NAME: &'static str = "badge";

    async fn resolve(
        &self,
        _: &crudauth::Mounted<User>,
        _: &poem::Request,
    ) -> Result<Option<crudauth::Principal<User>>, crudauth::Refusal> {
        Ok(None)
    }
}

struct Card;

impl crudauth::Transport<User> for Card {
    const NAME: &'static str = "card";

    async fn resolve(
        &self,
        _: &crudauth::Mounted<User>,
        _: &poem::Request,
    ) -> Result<Option<crudauth::Principal<User>>, crudauth::Refusal> {
        Ok(None)
    }
}

fn main() {
    let _ =
        async |pool: sqlx::SqlitePool| Auth::builder(pool, "secret").transport(Badge).build().await;
}
