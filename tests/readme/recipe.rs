//! The first recipe of the README.

use crudauth::{AuthUser, CurrentUser, EmailConfig, PrintingSender};
use poem::{EndpointExt, Route, get, handler};

#[derive(Clone, Debug, AuthUser)]
struct User {
    id: i64,
    email: String,
    username: String,
    #[auth(register)]
    #[expect(dead_code, reason = "the README shows a column that a sign-up may set")]
    full_name: Option<String>,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

async fn app(
    pool: sqlx::SqlitePool,
    secret_key: &str,
) -> Result<impl poem::Endpoint, Box<dyn std::error::Error>> {
    crudauth::migrations!(User).run(&pool).await?;
    let auth = Auth::builder(pool, secret_key)
        .email(EmailConfig::new(PrintingSender, "https://app.example.com"))
        .build()
        .await?;
    let app = auth.mount(Route::new()).at("/dashboard", get(dashboard)).with(auth.clone());
    Ok(app)
}

#[handler]
async fn dashboard(user: CurrentUser<Auth>) -> String {
    format!("Hello {}", user.username)
}

#[tokio::test]
async fn a_user_signs_up_signs_in_and_opens_the_dashboard() {
    use poem::test::TestClient;
    use serde_json::json;

    let app = app(crate::pool().await, "a-secret-for-tests-of-at-least-32-bytes").await.unwrap();
    let client = TestClient::new(app);
    client.get("/dashboard").send().await.assert_status(poem::http::StatusCode::UNAUTHORIZED);
    let form = json!({ "email": "ada@example.com", "username": "ada", "password": "a-strong-one" });
    client
        .post("/register")
        .body_json(&form)
        .send()
        .await
        .assert_status(poem::http::StatusCode::ACCEPTED);
    let form = [("username", "ada"), ("password", "a-strong-one")];
    let answer = client.post("/login").form(&form).send().await;
    answer.assert_status_is_ok();
    let cookie = answer.0.headers().get_all("set-cookie").iter().find_map(|cookie| {
        let (cookie, _) = cookie.to_str().unwrap().split_once(';')?;
        cookie.starts_with("session_id=").then(|| cookie.to_owned())
    });
    let answer = client.get("/dashboard").header("cookie", cookie.unwrap()).send().await;
    answer.assert_text("Hello ada").await;
}
