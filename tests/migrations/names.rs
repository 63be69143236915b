//! Table and column names that a database shortens, folds or reserves.

use crudauth::{AuthUser, SignUp, migrations};
use crudauth_tests::{Database, Kind, SECRET, on_every_pool, sign_up};

/// The longest name that leaves room for the library's longest suffix on PostgreSQL.
#[derive(Clone, Debug, AuthUser)]
#[auth(table = "people_who_have_an_account_at_our_cooperative_s")]
#[allow(dead_code, reason = "read by the library only")]
struct Person {
    id: i64,
    email: String,
    username: String,
}

#[crudauth::routes(user = Person, session)]
struct People;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "order")]
#[allow(dead_code, reason = "read by the library only")]
struct Order {
    #[auth(column = "key")]
    id: i64,
    #[auth(column = "Mail")]
    email: String,
    #[auth(column = "select")]
    username: String,
    #[auth(column = "fullName")]
    full_name: Option<String>,
}

#[crudauth::routes(user = Order, session)]
struct Orders;

on_every_pool! {
    async fn a_long_table_name_is_migrated_once_and_serves(database, pool) {
        assert_eq!(<Person as AuthUser>::SHAPE.table.len(), 47);
        migrations!(Person).run(&pool).await.unwrap();
        let left = migrations!(Person).plan(&pool).await.unwrap();
        assert!(left.is_empty(), "{left}");
        assert_eq!(migrations!(Person).run(&pool).await.unwrap(), 0);
        let people = People::builder(pool, SECRET).build().await.unwrap();
        let form = SignUp::<Person>::from_json(&sign_up("ada")).unwrap();
        assert!(matches!(people.accounts().register(form).await.unwrap(), crudauth::Registered::Added(_)));
        assert!(people.accounts().find_by_identifier("ada").await.unwrap().is_some());
    }

    async fn keywords_and_capitals_are_valid_names(database, pool) {
        migrations!(Order).run(&pool).await.unwrap();
        let left = migrations!(Order).plan(&pool).await.unwrap();
        assert!(left.is_empty(), "{left}");
        let orders = Orders::builder(pool, SECRET).build().await.unwrap();
        let form = SignUp::<Order>::from_json(&sign_up("ada")).unwrap();
        assert!(matches!(orders.accounts().register(form).await.unwrap(), crudauth::Registered::Added(_)));
        assert!(orders.accounts().find_by_identifier("ada@example.com").await.unwrap().is_some());
    }
}

#[tokio::test]
async fn column_names_are_case_sensitive_on_postgres() {
    let (database, _) = Database::create(Kind::Postgres).await;
    let Database::Postgres(pool) = database.clone() else { unreachable!() };
    migrations!(Order).run(&pool).await.unwrap();
    database.execute("ALTER TABLE \"order\" RENAME COLUMN \"fullName\" TO fullname").await;
    let plan = migrations!(Order).plan(&pool).await.unwrap();
    assert!(plan.to_string().contains("ADD COLUMN \"fullName\""), "{plan}");
    migrations!(Order).run(&pool).await.unwrap();
    let orders = Orders::builder(pool, SECRET).build().await.unwrap();
    assert!(orders.accounts().find_by_identifier("ada").await.unwrap().is_none(), "it is read");
}
