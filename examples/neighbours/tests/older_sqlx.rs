//! An app whose own queries use sqlx 0.8: two pools on one database.

use crudauth::{Registered, SignUp};
use neighbours::mount;
use serde_json::json;

#[tokio::test]
async fn an_app_on_an_older_sqlx_has_a_second_pool() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::temp_dir().join(format!("older-sqlx-{}.db", std::process::id()));
    let url = format!("sqlite://{}?mode=rwc", file.display());

    // The pool of the library. A few connections are enough.
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(5).connect(&url).await?;
    let auth = mount(pool).await?;
    // The pool of the app.
    let posts = older_sqlx::SqlitePool::connect(&url).await?;

    let form = json!({ "username": "ada", "password": "a-strong-one" });
    let form = SignUp::from_json(&form).map_err(|errors| format!("{errors:?}"))?;
    assert!(matches!(auth.accounts().register(form).await?, Registered::Added(_)));
    let plan: (String,) = older_sqlx::query_as("SELECT plan FROM users WHERE username = 'ada'")
        .fetch_one(&posts)
        .await?;
    assert_eq!(plan.0, "free");

    older_sqlx::query("UPDATE users SET plan = 'team'").execute(&posts).await?;
    let ada = auth.accounts().find_by_identifier("ada").await?.ok_or("no account")?;
    assert_eq!(ada.user.plan, "team");
    Ok(())
}
