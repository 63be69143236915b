//! Roles in columns of each kind: gates, scopes and sub-trees that want one.

use crudauth::{
    Any, ApiKeyConfig, AuthUser, CurrentUser, HasRole, Role, Superuser, Verified, migrations,
};
use crudauth_tests::{Database, Kind, Log, SECRET, on_every_pool, sign_up};
use poem::{EndpointExt, Route, get, handler};
use serde_json::json;

use super::client::Client;
use super::register;

crudauth::roles! {
    Editor = "editor";
    Admin = "admin";
    Reader = 0b001;
    Writer = 0b100;
}

crudauth::scopes! { Publish = "publish"; }

/// Several roles in one text.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "listed")]
struct Listed {
    id: i64,
    email: String,
    username: String,
    #[auth(role, column = "granted", default = "member", max_length = 60)]
    roles: String,
}

#[crudauth::routes(user = Listed, session, api_keys)]
struct ListedAuth;

/// Bits of an integer, which may be NULL.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "flagged")]
struct Flagged {
    id: i64,
    email: String,
    username: String,
    #[auth(role)]
    flags: Option<i32>,
}

#[crudauth::routes(user = Flagged, session)]
struct FlaggedAuth;

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, sqlx::Type)]
#[repr(i32)]
enum Rank {
    Member = 0,
    Editor = 1,
    Admin = 2,
}

impl HasRole<Editor> for Rank {
    fn has_role(&self) -> bool {
        *self >= Self::Editor
    }
}

impl HasRole<Admin> for Rank {
    fn has_role(&self) -> bool {
        *self == Self::Admin
    }
}

/// An enum of the app.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "ranked")]
struct Ranked {
    id: i64,
    email: String,
    username: String,
    #[auth(role, column = "standing", default = Rank::Member)]
    rank: Rank,
}

#[crudauth::routes(user = Ranked, session)]
struct RankedAuth;

#[handler]
async fn edit(_: CurrentUser<ListedAuth, Role<Editor>>) {}

#[handler]
async fn both(_: CurrentUser<ListedAuth, (Role<Editor>, Role<Admin>)>) {}

#[handler]
async fn either(_: CurrentUser<ListedAuth, Any<(Superuser, Role<Admin>, Verified)>>) {}

#[handler]
async fn read(_: CurrentUser<FlaggedAuth, Role<Reader>>) {}

#[handler]
async fn read_and_write(_: CurrentUser<FlaggedAuth, (Role<Reader>, Role<Writer>)>) {}

#[handler]
async fn ranked_edit(_: CurrentUser<RankedAuth, Role<Editor>>) {}

#[handler]
async fn ranked_admin(_: CurrentUser<RankedAuth, Role<Admin>>) {}

fn listed_routes(auth: &ListedAuth) -> Route {
    let plain = poem::endpoint::make_sync(|_| "plain");
    let route = auth
        .mount(Route::new())
        .at("/edit", get(edit))
        .at("/both", get(both))
        .at("/either", get(either))
        .nest("/admin", auth.guard::<Role<Admin>>(plain));
    Route::new().nest("/", route.with(auth.clone()))
}

/// A signed-in client.
async fn member(routes: Route, name: &str) -> Client {
    let mut client = Client::of(routes);
    let (status, body) = client.post("/register", &sign_up(name)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(client.login(name).await.0, 200);
    client
}

/// The statuses of these paths.
async fn statuses<const N: usize>(client: &mut Client, paths: [&str; N]) -> [u16; N] {
    let mut statuses = [0; N];
    for (status, path) in statuses.iter_mut().zip(paths) {
        *status = client.get(path).await.0.as_u16();
    }
    statuses
}

on_every_pool! {
    async fn a_gate_follows_the_roles_in_a_text(database, pool) {
        migrations!(Listed).run(&pool).await.unwrap();
        let auth = ListedAuth::builder(pool, SECRET).build().await.unwrap();
        let mut ada = member(listed_routes(&auth), "ada").await;
        let paths = ["/edit", "/both", "/either", "/admin"];
        assert_eq!(statuses(&mut ada, paths).await, [403; 4]);
        assert_eq!(ada.get("/edit").await.1["code"], "insufficient-privileges");
        for (roles, expected) in [
            ("editor", [200, 403, 403, 403]),
            ("admin", [403, 403, 200, 200]),
            ("editor,admin", [200; 4]),
            ("member editor admin", [200; 4]),
            ("administrator,Editor", [403; 4]),
        ] {
            database.execute(&format!("UPDATE listed SET granted = '{roles}'")).await;
            assert_eq!(statuses(&mut ada, paths).await, expected, "{roles}");
        }
        let mut stranger = Client::of(listed_routes(&auth));
        assert_eq!(statuses(&mut stranger, paths).await, [401; 4]);
    }

    async fn a_gate_follows_bits_and_ranks(database, pool) {
        migrations!(Flagged).run(&pool).await.unwrap();
        migrations!(Ranked).run(&pool).await.unwrap();
        let flagged = FlaggedAuth::builder(pool.clone(), SECRET).build().await.unwrap();
        let routes = flagged.mount(Route::new()).at("/read", get(read)).at("/all", get(read_and_write));
        let mut ada = member(Route::new().nest("/", routes.with(flagged.clone())), "ada").await;
        let paths = ["/read", "/all"];
        assert_eq!(statuses(&mut ada, paths).await, [403; 2], "NULL");
        for (flags, expected) in [(0, [403; 2]), (1, [200, 403]), (4, [403; 2]), (13, [200; 2])] {
            database.execute(&format!("UPDATE flagged SET flags = {flags}")).await;
            assert_eq!(statuses(&mut ada, paths).await, expected, "{flags}");
        }

        let ranked = RankedAuth::builder(pool, SECRET).build().await.unwrap();
        let routes = ranked.mount(Route::new()).at("/edit", get(ranked_edit));
        let routes = routes.at("/admin", get(ranked_admin));
        let mut ada = member(Route::new().nest("/", routes.with(ranked.clone())), "ada").await;
        let paths = ["/edit", "/admin"];
        for (rank, expected) in [(0, [403; 2]), (1, [200, 403]), (2, [200; 2])] {
            database.execute(&format!("UPDATE ranked SET standing = {rank}")).await;
            assert_eq!(statuses(&mut ada, paths).await, expected, "{rank}");
        }
    }

    async fn a_sign_up_cannot_set_its_roles(database, pool) {
        migrations!(Listed).run(&pool).await.unwrap();
        let auth = ListedAuth::builder(pool, SECRET).build().await.unwrap();
        let mut form = sign_up("ada");
        form["roles"] = json!("admin");
        form["granted"] = json!("admin");
        let account = register(auth.accounts(), &form).await;
        assert_eq!(account.user.roles, "member");
        assert!(!account.has_role::<Admin>());
        assert_eq!(database.text("SELECT granted FROM listed").await, "member");
    }
}

#[tokio::test]
async fn scopes_may_follow_a_role() {
    let (database, _) = Database::create(Kind::Sqlite).await;
    let Database::Sqlite(pool) = database.clone() else { unreachable!() };
    migrations!(Listed).run(&pool).await.unwrap();
    let auth =
        ListedAuth::builder(pool, SECRET)
            .api_keys(ApiKeyConfig::default().grantable_scopes(Publish))
            .scopes_for(|account, asked| {
                if account.has_role::<Editor>() { asked.clone() } else { Default::default() }
            })
            .build()
            .await
            .unwrap();
    let mut ada = member(listed_routes(&auth), "ada").await;
    let wanted = json!({ "name": "script", "scopes": ["publish"] });
    let (status, body) = ada.post("/api-keys", &wanted).await;
    assert_eq!((status.as_u16(), &body["scopes"]), (201, &json!([])));
    database.execute("UPDATE listed SET granted = 'editor'").await;
    let (status, body) = ada.post("/api-keys", &wanted).await;
    assert_eq!((status.as_u16(), &body["scopes"]), (201, &json!(["publish"])));
}

/// Counts statements in the log of sqlx. On PostgreSQL, because its driver runs on this thread.
#[tokio::test]
async fn a_role_costs_no_statement() {
    let (database, _) = Database::create(Kind::Postgres).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    migrations!(Listed).run(&pool).await.unwrap();
    let auth = ListedAuth::builder(pool, SECRET).build().await.unwrap();
    let mut ada = member(listed_routes(&auth), "ada").await;
    database.execute("UPDATE listed SET granted = 'editor,admin'").await;
    let log = Log::listen();
    for path in ["/both", "/either", "/admin"] {
        let before = log.count("sqlx::query");
        assert_eq!(ada.get(path).await.0, 200);
        assert_eq!(log.count("sqlx::query") - before, 1, "{path}: {}", log.text());
    }
}
