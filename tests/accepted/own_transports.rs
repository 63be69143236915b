//! The app's own transports, given in any order.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, transport = Badge, session, transport = Card, api_keys)]
struct Auth;

#[crudauth::routes(user = User, transport = Badge)]
struct Machines;

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

#[poem::handler]
async fn by_either(_: crudauth::CurrentUser<Auth, crudauth::Via<Card, Badge>>) {}

#[poem::handler]
async fn by_badge(_: crudauth::CurrentUser<Machines, crudauth::Via<Badge>>) {}

#[test]
fn own_transports_are_given_in_any_order() {
    let _ = async |pool: sqlx::SqlitePool| {
        let settings = crudauth::SessionConfig::default();
        let builder = Auth::builder(pool.clone(), "secret").transport(Card).session(settings);
        let (_, _) =
            (builder.transport(Badge).build().await, Auth::builder(pool.clone(), "secret"));
        Machines::builder(pool, "secret").transport(Badge).build().await
    };
}
