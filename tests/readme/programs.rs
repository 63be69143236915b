//! Browsers, apps and scripts.

use crudauth::AuthUser;
use crudauth::{ApiKeyConfig, BearerConfig, CurrentUser, Scope, Via, slice};
use poem::{EndpointExt, Route, get, handler, post};

#[derive(Clone, Debug, AuthUser)]
struct User {
    id: i64,
    email: String,
    username: String,
}

#[crudauth::routes(user = User, session, bearer, api_keys, sessions, tokens)]
struct Auth;

crudauth::scopes! {
    pub ReportsRead = "reports:read";
    pub ReportsWrite = "reports:write";
}

#[rustfmt::skip]
async fn mount(pool: sqlx::SqlitePool, secret_key: &str) -> Result<Auth, crudauth::BuildError> {
    let auth = Auth::builder(pool, secret_key)
        .bearer(BearerConfig::default().default_scopes(ReportsRead).grantable_scopes(ReportsRead | ReportsWrite))
        .api_keys(ApiKeyConfig::default().grantable_scopes(ReportsRead | ReportsWrite)) // else keys have none
        .scopes_for(|account, asked| if account.is_superuser() { asked.clone() } else { ReportsRead.into() })
        .build()
        .await?;
    Ok(auth)
}

#[handler]
async fn dashboard(user: CurrentUser<Auth>) -> String {
    format!("Hello {}", user.username)
}

#[rustfmt::skip]
#[expect(unused_variables, reason = "the README's gap is for the app to fill")]
#[handler]
async fn import(user: CurrentUser<Auth, (Via<slice::Bearer, slice::ApiKeys>, Scope<ReportsWrite>)>) { /* … */ }

#[tokio::test]
async fn only_the_program_of_a_superuser_may_write() {
    use serde_json::json;

    let pool = crate::pool().await;
    crudauth::migrations!(User).run(&pool).await.unwrap();
    let auth = mount(pool.clone(), "a-secret-for-tests-of-at-least-32-bytes").await.unwrap();
    let routes =
        auth.mount(Route::new()).at("/dashboard", get(dashboard)).at("/import", post(import));
    let app = crudauth::testing::App::new(&auth, routes.with(auth.clone()));
    let form = |name: &str| json!({ "email": format!("{name}@example.com"), "username": name, "password": "a-strong-one" });
    let ada = app.signed_up(form("ada")).await;
    assert_eq!(ada.get("/dashboard").await.text(), "Hello ada");
    ada.post("/import", json!({})).await.expect_status(401);
    let script = app.granted("ada", "a-strong-one", ReportsRead).await;
    script.post("/import", json!({})).await.expect_status(403);
    sqlx::query("UPDATE users SET is_superuser = TRUE").execute(&pool).await.unwrap();
    let script = app.granted("ada", "a-strong-one", ReportsWrite).await;
    script.post("/import", json!({})).await.expect_status(200);
}
