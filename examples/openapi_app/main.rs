//! An app whose own routes have an OpenAPI document, with the library's routes beside them.
//!
//! Choose it if clients are generated from a document. Each operation names the credentials that it
//! accepts, and its refusals. `/docs` shows the document, and `/openapi.json` serves it.
//!
//! ```sh
//! cargo run -p examples --example openapi_app
//! curl localhost:8000/register --json '{"email":"ada@example.com","username":"ada","password":"a-strong-one"}'
//! curl localhost:8000/token -d username=ada -d password=a-strong-one -d scope=notes:write
//! curl localhost:8000/api/notes -H "Authorization: Bearer $ACCESS_TOKEN" --json '{"text":"hello"}'
//! ```

use std::time::Duration;

use crudauth::email::BoxError;
use crudauth::openapi::{self, WithRefusals};
use crudauth::{
    ApiKeyConfig, AuthRow, AuthUser, Backend, BearerConfig, EmailConfig, Scope, Via, slice,
};
use examples::{Settings, log_to_stderr, on_the_database};
use poem::{EndpointExt, Response, Route, get};
use poem_openapi::payload::{Json, PlainText};
use poem_openapi::{Object, OpenApi, OpenApiService};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    email: String,
    username: String,
}

#[crudauth::routes(user = User, session, bearer, api_keys, email)]
struct Auth;

crudauth::scopes! {
    NotesWrite = "notes:write";
}

struct Api;

#[derive(Object)]
struct Note {
    /// What to remember.
    text: String,
}

#[OpenApi]
impl Api {
    /// The signed-in user, by session or access token.
    #[oai(path = "/dashboard", method = "get")]
    async fn dashboard(&self, user: openapi::User<Auth>) -> Json<i64> {
        Json(user.id)
    }

    /// A greeting for everyone.
    #[oai(path = "/greeting", method = "get")]
    async fn greeting(&self, user: openapi::MaybeUser<Auth>) -> PlainText<String> {
        let name = user.user().map_or("stranger", |user| &user.username);
        PlainText(format!("Hello {name}"))
    }

    /// Stores a note, for programs: by access token or API key with the scope `notes:write`.
    #[oai(path = "/notes", method = "post")]
    async fn add_note(
        &self,
        user: openapi::User<Auth, (Via<slice::Bearer, slice::ApiKeys>, Scope<NotesWrite>)>,
        note: Json<Note>,
    ) -> PlainText<String> {
        PlainText(format!("{}: {}", user.username, note.text))
    }
}

/// Creates the tables and builds the mount on any database.
async fn accounts<DB>(pool: sqlx::Pool<DB>, settings: &Settings) -> Result<Auth, BoxError>
where
    DB: Backend,
    User: AuthRow<DB>,
{
    crudauth::migrations!(User).run(&pool).await?;
    let auth = Auth::builder(pool, settings.secret_key.as_str())
        .bearer(BearerConfig::default().grantable_scopes(NotesWrite))
        .api_keys(ApiKeyConfig::default().grantable_scopes(NotesWrite))
        .email(EmailConfig::new(settings.sender(), &settings.frontend_url))
        .cookies(settings.cookies())
        .trusted_proxy_hops(settings.trusted_proxy_hops)
        .redis(settings.redis.clone())
        .build()
        .await?;
    Ok(auth)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    log_to_stderr();
    let settings = Settings::read("openapi_app")?;
    let auth = on_the_database!(&settings, accounts);
    auth.spawn_purge(Duration::from_secs(600));
    let service = OpenApiService::new(WithRefusals(Api), "Notes", "1.0").url_prefix("/api");
    let document = auth.openapi(&service);
    let app = auth
        .mount(Route::new())
        .at("/openapi.json", get(poem::endpoint::make_sync(move |_| json(document.clone()))))
        .nest("/docs", service.swagger_ui())
        .nest("/api", service)
        .with(auth.clone());
    settings.serve(app, auth.drained()).await
}

fn json(document: String) -> Response {
    Response::builder().content_type("application/json").body(document)
}
