//! An app with SeaORM 2, which uses the same sqlx: one pool.

use crudauth::{Registered, SignUp};
use neighbours::mount;
use sea_orm::entity::prelude::*;
use sea_orm::{Database, Set};
use serde_json::json;

mod users {
    use sea_orm::entity::prelude::*;

    /// The columns that the app uses; the entity need not list those of the library.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub username: String,
        pub plan: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[tokio::test]
async fn an_app_with_sea_orm_shares_its_pool() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::temp_dir().join(format!("sea-orm-{}.db", std::process::id()));
    let db = Database::connect(format!("sqlite://{}?mode=rwc", file.display())).await?;
    let auth = mount(db.get_sqlite_connection_pool().clone()).await?;

    let form = json!({ "username": "ada", "password": "a-strong-one" });
    let form = SignUp::from_json(&form).map_err(|errors| format!("{errors:?}"))?;
    assert!(matches!(auth.accounts().register(form).await?, Registered::Added(_)));
    let ada = users::Entity::find().filter(users::Column::Username.eq("ada")).one(&db).await?;
    let mut ada: users::ActiveModel = ada.ok_or("no row")?.into();

    ada.plan = Set("team".to_owned());
    ada.update(&db).await?;
    let ada = auth.accounts().find_by_identifier("ada").await?.ok_or("no account")?;
    assert_eq!(ada.user.plan, "team");
    Ok(())
}
