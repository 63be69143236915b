//! Scopes: requested, granted, answered and withdrawn.

use std::sync::Arc;

use crudauth::{Account, BearerConfig, RefreshIn, ScopePolicy, Scopes, StoreError};
use crudauth_tests::tokens::{Pair, ReportsRead, ReportsWrite, Setup, TokensFirst};
use crudauth_tests::{App, Database, Kind, PASSWORD, SECRET, User, on_every_database};
use poem::http::Method;
use poem::{EndpointExt, Route};
use serde_json::json;
use sqlx::SqlitePool;

async fn granted(app: &App, asked: Option<&str>) -> String {
    let answer = app.browser().request_token("ada", PASSWORD, asked).await;
    let scope = answer.json()["scope"].as_str().unwrap().to_owned();
    let pair = Pair::of(&answer);
    let me = app.browser().send_bearer(&pair.access, Method::GET, "/me").await.json();
    let listed: Vec<_> = scope.split(' ').filter(|scope| !scope.is_empty()).collect();
    assert_eq!(me["scopes"], json!(listed), "the answer matches the scopes");
    scope
}

on_every_database! {
    async fn a_client_gets_the_requested_scopes_that_it_may_have(app: App) {
        let app = app.with_tokens().await;
        app.register("ada").await;
        assert_eq!(granted(&app, None).await, "reports:read");
        assert_eq!(granted(&app, Some("")).await, "reports:read");
        assert_eq!(granted(&app, Some(" \t ")).await, "reports:read");
        let both = "reports:write reports:read";
        assert_eq!(granted(&app, Some("reports:write\n reports:read")).await, both);
        assert_eq!(granted(&app, Some("admin reports:write reports:*")).await, "reports:write");
        assert_eq!(granted(&app, Some("admin")).await, "");
        assert_eq!(granted(&app, Some(&"reports:write ".repeat(2000))).await, "reports:write");
    }

    async fn a_policy_grants_per_account_and_withdraws_at_once(app: App) {
        let policy: fn(&Account<User>, &Scopes) -> Scopes =
            |account, asked| {
                let everything = Scopes::parse("reports:read reports:write admin");
                if account.is_superuser() { everything } else { asked.intersection(&Scopes::parse("reports:read")) }
            };
        let (_, app) = app.all(Setup { policy, ..Setup::default() }).await;
        app.register("ada").await;
        let both = Some("reports:read reports:write");
        assert_eq!(granted(&app, both).await, "reports:read");
        app.database.execute("UPDATE users SET is_superuser = TRUE").await;
        assert_eq!(granted(&app, both).await, "reports:read reports:write", "and no more than asked");
        let pair = Pair::of(&app.browser().request_token("ada", PASSWORD, both).await);
        assert_eq!(app.browser().send_bearer(&pair.access, Method::POST, "/reports").await.status, 200);
        app.database.execute("UPDATE users SET is_superuser = FALSE").await;
        let answer = app.browser().send_bearer(&pair.access, Method::POST, "/reports").await;
        assert_eq!((answer.status, &*answer.detail()), (403, "Insufficient scope"));
        let answer = app.browser().refresh(&pair.refresh).await;
        assert_eq!(answer.json()["scope"], "reports:read");
        let next = Pair::of(&answer);
        let answer = app.browser().send_bearer(&next.access, Method::POST, "/reports").await;
        assert_eq!((answer.status, &*answer.detail()), (403, "Insufficient scope"));
        app.database.execute("UPDATE users SET is_superuser = TRUE").await;
        let answer = app.browser().refresh(&next.refresh).await;
        assert_eq!(answer.json()["scope"], "reports:read reports:write", "it was granted once");
    }
}

#[tokio::test]
async fn a_scope_no_longer_grantable_grants_no_access() {
    let app = App::on(Kind::Sqlite).await;
    let before = app.with_tokens().await;
    before.register("ada").await;
    let answer =
        before.browser().request_token("ada", PASSWORD, Some("reports:write reports:read")).await;
    let pair = Pair::of(&answer);
    let mut narrower = Setup::default();
    narrower.bearer.grantable_scopes = None;
    let (_, after) = app.all(narrower).await;
    let me = after.browser().send_bearer(&pair.access, Method::GET, "/me").await.json();
    assert_eq!(me["scopes"], json!(["reports:read"]));
    let answer = after.browser().send_bearer(&pair.access, Method::POST, "/reports").await;
    let challenge = r#"Bearer realm="accounts", error="insufficient_scope", scope="reports:write""#;
    assert_eq!((answer.status, answer.header("www-authenticate")), (403, Some(challenge)));
}

/// Roles from a table of the app.
struct Roles(SqlitePool);

impl ScopePolicy<User> for Roles {
    async fn grant(&self, account: &Account<User>, _: &Scopes) -> Result<Scopes, StoreError> {
        let granted: Vec<String> = sqlx::query_scalar("SELECT scope FROM roles WHERE user_id = $1")
            .bind(account.user.id)
            .fetch_all(&self.0)
            .await?;
        Ok(Scopes::parse(&granted.join(" ")))
    }
}

#[tokio::test]
async fn a_failing_policy_lookup_rejects_every_token() {
    let app = App::on(Kind::Sqlite).await;
    app.database.execute("CREATE TABLE roles (user_id BIGINT, scope TEXT)").await;
    let Database::Sqlite(pool) = app.database.clone() else { unreachable!() };
    let auth = TokensFirst::builder(pool.clone(), SECRET)
        .bearer(BearerConfig::default().default_scopes(ReportsRead | ReportsWrite))
        .refresh_in(RefreshIn::Body)
        .scope_policy(Roles(pool))
        .clock(Arc::clone(&app.clock) as _)
        .build()
        .await
        .unwrap();
    app.register("ada").await;
    app.database.execute("INSERT INTO roles SELECT id, 'reports:write' FROM users").await;
    let app = app.serving(auth.mount(Route::new()).with(auth.clone()).map_to_response());
    let answer = app.browser().request_token("ada", PASSWORD, None).await;
    assert_eq!(answer.json()["scope"], "reports:write");
    let pair = Pair::of(&answer);
    let me = async || app.browser().send_bearer(&pair.access, Method::GET, "/me").await;
    assert_eq!(me().await.json()["scopes"], json!(["reports:write"]));
    app.database.execute("DELETE FROM roles").await;
    assert_eq!(me().await.json()["scopes"], json!([]));
    app.database.execute("DROP TABLE roles").await;
    assert_eq!(me().await.status, 500);
    let none = app.browser().request_token("ada", PASSWORD, Some("unknown")).await;
    assert_eq!(none.status, 200, "no lookup without requested scopes");
    assert_eq!(app.browser().request_token("ada", PASSWORD, None).await.status, 500);
    let left = app.database.number("SELECT COUNT(*) FROM users_token_families").await;
    assert_eq!(left, 2, "a rejected request creates nothing");
}
