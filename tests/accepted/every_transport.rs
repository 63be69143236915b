//! Each transport alone, and gates for transports and scopes.

#![deny(warnings)]
#![allow(clippy::type_complexity, reason = "four gates at once")]

use crudauth::{CurrentUser, Scope, Superuser, Via, slice};

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    email: String,
}

#[crudauth::routes(user = User, session)]
struct Browsers;

#[crudauth::routes(user = User, bearer)]
struct Programs;

#[crudauth::routes(user = User, api_keys)]
struct Scripts;

crudauth::scopes! {
    ReportsRead = "reports:read";
    ReportsWrite = "reports:write";
}

#[poem::handler]
async fn browsers(_: CurrentUser<Browsers, Via<slice::Session>>) {}

#[poem::handler]
async fn programs(
    _: CurrentUser<
        Programs,
        (Via<slice::Bearer>, Superuser, Scope<ReportsRead>, Scope<ReportsWrite>),
    >,
) {
}

#[poem::handler]
async fn scripts(_: CurrentUser<Scripts, Scope<ReportsRead>>) {}

#[test]
fn a_mount_serves_each_transport_alone() {
    let _ = async |pool: sqlx::SqlitePool| {
        let browsers_ = Browsers::builder(pool.clone(), "secret").build().await.unwrap();
        let programs_ = Programs::builder(pool.clone(), "secret")
            .bearer(crudauth::BearerConfig::default())
            .refresh_in(crudauth::RefreshIn::Body)
            .scopes_for(|_, asked| asked.clone())
            .build()
            .await
            .unwrap();
        let scripts_ = Scripts::builder(pool, "secret").build().await.unwrap();
        let route = poem::Route::new()
            .nest("/browsers", browsers_.routes())
            .nest("/programs", programs_.routes())
            .nest("/scripts", scripts_.routes())
            .at("/browsers", browsers)
            .at("/programs", programs)
            .at("/scripts", scripts);
        let route = poem::EndpointExt::with(route, browsers_);
        let _ = poem::EndpointExt::with(poem::EndpointExt::with(route, programs_), scripts_);
    };
}
