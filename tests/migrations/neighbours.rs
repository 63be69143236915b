//! Independent neighbours: the app's own migrations, another schema, another user table.

use crudauth::{AuthUser, Password, Registered, SignInRequest, SignUp, SignedIn, migrations};
use crudauth_tests::{Database, Kind, PASSWORD, SECRET, on_every_pool, sign_up};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool};

use super::written::directory;
use super::{Auth, User};

#[derive(Clone, Debug, AuthUser)]
#[allow(dead_code, reason = "read by the library only")]
pub(crate) struct Admin {
    id: i64,
    email: String,
    username: String,
    desk: Option<String>,
}

#[crudauth::routes(user = Admin, session)]
struct AdminAuth;

async fn sign_in<U: AuthUser>(accounts: &crudauth::Accounts<U>, name: &str) -> SignedIn<U> {
    let password = Password::parse(PASSWORD).unwrap();
    let attempt = SignInRequest::new(name, password.clone());
    accounts.sign_in(attempt).await.unwrap().done().unwrap()
}

async fn register<U: AuthUser>(accounts: &crudauth::Accounts<U>, name: &str) -> U::Id {
    let form = SignUp::<U>::from_json(&sign_up(name)).unwrap();
    match accounts.register(form).await.unwrap() {
        Registered::Added(id) => id,
        _ => panic!("{name} is new"),
    }
}

on_every_pool! {
    async fn app_migrations_and_ours_do_not_interfere(database, pool) {
        let own = directory();
        std::fs::write(own.join("1_posts.sql"), "CREATE TABLE posts (id INT);").unwrap();
        Migrator::new(own.clone()).await.unwrap().run(&pool).await.unwrap();
        migrations!(User).run(&pool).await.unwrap();
        std::fs::write(own.join("2_likes.sql"), "CREATE TABLE likes (id INT);").unwrap();
        Migrator::new(own).await.unwrap().run(&pool).await.unwrap();
        assert_eq!(migrations!(User).run(&pool).await.unwrap(), 0);
        assert_eq!(database.number("SELECT COUNT(*) FROM _sqlx_migrations").await, 2);
        for table in ["posts", "likes", "users"] {
            assert_eq!(database.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0);
        }
    }

    async fn two_user_tables_are_independent(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        assert!(migrations!(Admin).run(&pool).await.unwrap() > 0);
        assert!(migrations!(User).plan(&pool).await.unwrap().is_empty());
        let users = Auth::builder(pool.clone(), SECRET).build().await.unwrap();
        let admins = AdminAuth::builder(pool, SECRET).build().await.unwrap();
        let users = users.accounts();
        let admins = admins.accounts();

        // The ids, names, passwords and secrets are equal.
        assert_eq!(register(users, "ada").await, register(admins, "ada").await);
        let user = sign_in(users, "ada").await;
        let admin = sign_in(admins, "ada").await;
        assert!(users.authenticate(&user.session.token).await.unwrap().is_some());
        assert!(admins.authenticate(&admin.session.token).await.unwrap().is_some());
        assert!(admins.authenticate(&user.session.token).await.unwrap().is_none());
        assert!(users.authenticate(&admin.session.token).await.unwrap().is_none());

        assert!(users.disable(&user.account.user.id).await.unwrap());
        assert!(users.authenticate(&user.session.token).await.unwrap().is_none());
        let desk = admins.authenticate(&admin.session.token).await.unwrap().unwrap();
        assert!(desk.account().is_active());
        assert!(users.delete(&user.account.user.id).await.unwrap());
        assert!(admins.find(&admin.account.user.id).await.unwrap().is_some());
    }

    async fn a_lock_in_one_user_table_does_not_affect_the_other(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        migrations!(Admin).run(&pool).await.unwrap();
        let users = Auth::builder(pool.clone(), SECRET).build().await.unwrap();
        let admins = AdminAuth::builder(pool, SECRET).build().await.unwrap();
        register(admins.accounts(), "ada").await;
        let wrong = Password::parse("a-wrong-one").unwrap();
        for _ in 0..6 {
            let attempt = SignInRequest::new("ada", wrong.clone());
            assert!(users.accounts().sign_in(attempt).await.is_err());
        }
        sign_in(admins.accounts(), "ada").await;
    }
}

#[tokio::test]
async fn each_postgres_schema_is_migrated_separately() {
    let url = Database::create_empty(Kind::Postgres).await;
    let public = PgPool::connect(&url).await.unwrap();
    sqlx::query("CREATE SCHEMA app").execute(&public).await.unwrap();
    let options: PgConnectOptions = url.parse().unwrap();
    let app = PgPool::connect_with(options.options([("search_path", "app")])).await.unwrap();

    let everything = migrations!(User).run(&public).await.unwrap();
    assert_eq!(
        migrations!(User).run(&app).await.unwrap(),
        everything,
        "the schema public is ignored"
    );
    assert_eq!(migrations!(User).run(&app).await.unwrap(), 0);
    let auth = Auth::builder(app, SECRET).build().await.unwrap();
    let id = register(auth.accounts(), "ada").await;
    let in_app = sqlx::query_scalar::<_, i64>("SELECT id FROM app.users").fetch_one(&public);
    assert_eq!(in_app.await.unwrap(), id);
    let in_public = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM public.users");
    assert_eq!(in_public.fetch_one(&public).await.unwrap(), 0);
}
