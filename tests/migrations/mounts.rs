//! A mount needs the account table and the tables of its slices, and nothing else.

use crudauth::{Migrations, Password, Principal, SignInRequest, migrations};
use crudauth_tests::{Database, Kind, PASSWORD, SECRET, on_every_pool};

use super::live::register;
use super::{Auth, User};

#[crudauth::routes(user = User, bearer, tokens)]
struct Api;

#[crudauth::routes(user = User, session, recovery)]
struct Recovering;

#[crudauth::routes(user = User, session, sessions, api_keys, email)]
struct Everything;

/// The tables that migrations create on an empty SQLite database.
async fn created(migrations: Migrations<User>) -> Vec<String> {
    let (Database::Sqlite(pool), _) = Database::create(Kind::Sqlite).await else { unreachable!() };
    let plan = migrations.plan(&pool).await.unwrap();
    let tables = plan.statements().iter().filter_map(|one| one.strip_prefix("CREATE TABLE \""));
    let mut names: Vec<_> =
        tables.map(|rest| rest.split('"').next().unwrap_or_default().to_owned()).collect();
    names.sort_unstable();
    names
}

/// These tables and those of every mount, sorted.
fn and_always(tables: &[&str]) -> Vec<String> {
    let always = ["users", "users_lockouts", "users_rate_limits"];
    let mut names: Vec<_> = always.iter().chain(tables).map(|&name| name.to_owned()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_mount_creates_the_tables_of_its_slices() {
    assert_eq!(created(migrations!(Auth)).await, and_always(&["users_sessions"]));
    assert_eq!(created(migrations!(Api)).await, and_always(&["users_token_families"]));
    assert_eq!(
        created(migrations!(Recovering)).await,
        and_always(&["users_one_time_tokens", "users_sessions"])
    );
    assert_eq!(
        created(migrations!(Everything)).await,
        and_always(&["users_api_keys", "users_one_time_tokens", "users_sessions"])
    );
    let mut all = super::TABLES;
    all.sort_unstable();
    assert_eq!(created(migrations!(User)).await, all);
}

on_every_pool! {
    async fn build_requires_the_tables_of_the_mount_only(database, pool) {
        migrations!(Auth).run(&pool).await.unwrap();
        assert_eq!(migrations!(Auth).run(&pool).await.unwrap(), 0);
        Auth::builder(pool.clone(), SECRET).build().await.unwrap();
        let error = Api::builder(pool.clone(), SECRET).build().await.unwrap_err().to_string();
        assert!(error.contains("users_token_families"), "{error}");
        assert!(error.contains("crudauth::migrations!(Api)"), "{error}");
        migrations!(Api).run(&pool).await.unwrap();
        Api::builder(pool.clone(), SECRET).build().await.unwrap();
        assert_eq!(database.count("users_token_families").await, 0);
    }

    async fn a_mount_serves_without_the_tables_of_other_slices(database, pool) {
        migrations!(Auth).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        let accounts = auth.accounts();
        let ada = register(accounts, "ada").await;
        let old = Password::parse(PASSWORD).unwrap();
        accounts.sign_in(SignInRequest::new("ada", old.clone())).await.unwrap();
        assert_eq!(database.count("users_sessions").await, 1);

        let new = Password::parse("a-strong-second-one").unwrap();
        let ada = accounts.change_password(&Principal::application(&ada), &old, &new).await.unwrap();
        let contact = "countess@example.com".parse().unwrap();
        accounts.set_contact(&ada.user.id, &contact).await.unwrap();
        accounts.sign_in(SignInRequest::new("ada", new)).await.unwrap();
        assert!(accounts.disable(&ada.user.id).await.unwrap());
        assert_eq!(database.count("users_sessions").await, 0);
        auth.purge().await.unwrap();
        assert!(accounts.delete(&ada.user.id).await.unwrap());
    }
}

#[tokio::test]
async fn migrations_of_a_user_struct_add_what_a_mount_left_out() {
    let (Database::Sqlite(pool), _) = Database::create(Kind::Sqlite).await else { unreachable!() };
    migrations!(Auth).run(&pool).await.unwrap();
    assert!(migrations!(User).run(&pool).await.unwrap() > 0);
    assert_eq!(migrations!(User).run(&pool).await.unwrap(), 0);
    Api::builder(pool, SECRET).build().await.unwrap();
}
