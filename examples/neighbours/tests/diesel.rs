//! An app with Diesel: its connections beside the pool of the library.

use crudauth::{Registered, SignUp};
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use neighbours::mount;
use serde_json::json;

diesel::table! {
    // The columns that the app uses; those of the library may be left out.
    users (id) {
        id -> BigInt,
        username -> Text,
        plan -> Text,
    }
}

#[tokio::test]
async fn an_app_with_diesel_has_connections_of_its_own() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::temp_dir().join(format!("diesel-{}.db", std::process::id()));
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}?mode=rwc", file.display())).await?;
    let auth = mount(pool).await?;
    let mut connection = SqliteConnection::establish(&file.display().to_string())?;

    let form = json!({ "username": "ada", "password": "a-strong-one" });
    let form = SignUp::from_json(&form).map_err(|errors| format!("{errors:?}"))?;
    assert!(matches!(auth.accounts().register(form).await?, Registered::Added(_)));
    let ada = users::table.filter(users::username.eq("ada"));
    assert_eq!(ada.select(users::plan).first::<String>(&mut connection)?, "free");

    diesel::update(ada).set(users::plan.eq("team")).execute(&mut connection)?;
    let ada = auth.accounts().find_by_identifier("ada").await?.ok_or("no account")?;
    assert_eq!(ada.user.plan, "team");
    Ok(())
}
