//! `transport` names a transport for this user struct, once.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

struct Badge;

#[crudauth::routes(user = User, transport = Badge)]
struct Auth;

#[crudauth::routes(user = User, session, transport)]
struct Valueless;

#[crudauth::routes(user = User, session, transport = "badge")]
struct Text;

#[crudauth::routes(user = User, transport = Card, session, transport = Card)]
struct Twice;

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

#[poem::handler]
async fn by_card(_: crudauth::CurrentUser<Twice, crudauth::Via<Card>>) {}

fn main() {
    let _ =
        async |pool: sqlx::SqlitePool| Twice::builder(pool, "secret").transport(Card).build().await;
}
