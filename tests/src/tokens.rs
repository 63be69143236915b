//! A mount with every transport, and clients with tokens.

use std::sync::Arc;

use crudauth::flow::NewApiKey;
use crudauth::{
    Account, ApiKeyConfig, AuthRow, Backend, BearerConfig, Builder, CurrentUser, EmailConfig,
    MaybeUser, RefreshIn, Scope, Scopes, Superuser, Via, slice,
};
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::web::{Data, Json};
use poem::{EndpointExt, Response, Route, get, handler, post};
use serde_json::{Value, json};

use crate::app::{Boxed, patient_hashing};
use crate::{Answer, App, Browser, Database, FRONTEND, PASSWORD, SECRET, User};

#[crudauth::routes(user = User, session, bearer, api_keys, sessions, tokens, email)]
pub struct All;

/// The same accounts with tokens before the session.
#[crudauth::routes(user = User, bearer, session)]
pub struct TokensFirst;

crudauth::scopes! {
    pub ReportsRead = "reports:read";
    pub ReportsWrite = "reports:write";
}

/// Settings of the mount.
#[derive(Clone)]
pub struct Setup {
    pub secret: &'static str,
    pub previous: Vec<&'static str>,
    pub refresh_in: RefreshIn,
    pub bearer: BearerConfig,
    pub api_keys: ApiKeyConfig,
    pub policy: fn(&Account<User>, &Scopes) -> Scopes,
    pub is_hardened: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let all = ReportsRead | ReportsWrite;
        let bearer = BearerConfig::default().default_scopes(ReportsRead);
        let bearer = bearer.grantable_scopes(all.clone());
        let api_keys = ApiKeyConfig::default().grantable_scopes(all);
        Self {
            secret: SECRET,
            previous: Vec::new(),
            refresh_in: RefreshIn::Body,
            bearer,
            api_keys,
            policy: |_, asked| asked.clone(),
            is_hardened: false,
        }
    }
}

/// Refresh tokens in a cookie.
pub fn in_cookie() -> Setup {
    Setup { refresh_in: RefreshIn::Cookie, ..Setup::default() }
}

impl App {
    /// A mount with every transport on the same database.
    pub fn all(&self, setup: Setup) -> Boxed<'_, (All, Self)> {
        Box::pin(async {
            let auth: All = match self.database.clone() {
                Database::Sqlite(pool) => self.mount_all(pool, setup).await,
                Database::Postgres(pool) => self.mount_all(pool, setup).await,
                Database::MySql(pool) => self.mount_all(pool, setup).await,
            };
            let app = self.serving(routes(&auth));
            (auth, app)
        })
    }

    /// A mount with refresh tokens in the body.
    pub async fn with_tokens(&self) -> Self {
        self.all(Setup::default()).await.1
    }

    async fn mount_all<DB>(&self, pool: sqlx::Pool<DB>, setup: Setup) -> All
    where
        DB: Backend,
        User: AuthRow<DB>,
    {
        let builder: Builder<All, DB, _> = All::builder(pool, setup.secret);
        let builder = builder
            .previous_secrets(setup.previous)
            .email(EmailConfig::new(self.outbox.clone(), FRONTEND))
            .bearer(setup.bearer)
            .refresh_in(setup.refresh_in)
            .api_keys(setup.api_keys)
            .scopes_for(setup.policy)
            .hashing(patient_hashing())
            .trusted_proxy_hops(1)
            .clock(Arc::clone(&self.clock) as _);
        let builder = if setup.is_hardened { builder.hardened() } else { builder };
        builder.build().await.unwrap()
    }
}

async fn identity(user: &crudauth::Principal<User>) -> Json<Value> {
    Json(json!([user.user().username, user.method().as_str()]))
}

#[handler]
async fn whoami(user: CurrentUser<All>) -> Json<Value> {
    identity(user.principal()).await
}

#[handler]
async fn by_token(user: CurrentUser<All, Via<slice::Bearer>>) -> Json<Value> {
    identity(user.principal()).await
}

#[handler]
async fn by_session(user: CurrentUser<All, Via<slice::Session>>) -> Json<Value> {
    identity(user.principal()).await
}

#[handler]
async fn by_key(user: CurrentUser<All, Via<slice::ApiKeys>>) -> Json<Value> {
    identity(user.principal()).await
}

#[handler]
async fn by_superuser(user: CurrentUser<All, Superuser>) -> Json<Value> {
    identity(user.principal()).await
}

#[handler]
async fn by_superuser_key(user: CurrentUser<All, (Superuser, Via<slice::ApiKeys>)>) -> Json<Value> {
    identity(user.principal()).await
}

#[handler]
async fn maybe(user: MaybeUser<All>) -> Json<Value> {
    Json(json!(user.user().map(|user| &user.username)))
}

/// Creates a key by a plain call, with any credential.
#[handler]
async fn key_by_hand(
    user: CurrentUser<All, Via<slice::Session, slice::Bearer, slice::ApiKeys>>,
    auth: Data<&All>,
) -> String {
    let wanted = NewApiKey::named("by hand").scopes(ReportsRead | ReportsWrite);
    match auth.accounts().api_keys().create(user.principal(), &wanted).await {
        Ok(created) => created.key.scopes.to_string(),
        Err(error) => error.to_string(),
    }
}

#[handler]
async fn maybe_by_token(
    user: MaybeUser<All, (Via<slice::Bearer>, Scope<ReportsRead>)>,
) -> Json<Value> {
    Json(json!(user.user().map(|user| &user.username)))
}

#[handler]
async fn maybe_by_key(user: MaybeUser<All, Via<slice::ApiKeys>>) -> Json<Value> {
    Json(json!(user.user().map(|user| &user.username)))
}

#[handler]
async fn read(user: CurrentUser<All, Scope<ReportsRead>>) -> Json<Value> {
    Json(json!(user.principal().scopes()))
}

#[handler]
async fn write(user: CurrentUser<All, (Scope<ReportsRead>, Scope<ReportsWrite>)>) -> Json<Value> {
    Json(json!(user.principal().scopes()))
}

#[handler]
async fn tokens_first(user: CurrentUser<TokensFirst>) -> Json<Value> {
    identity(user.principal()).await
}

fn routes(auth: &All) -> BoxEndpoint<'static, Response> {
    auth.mount(Route::new())
        .at("/whoami", get(whoami).post(whoami))
        .at("/by-token", get(by_token).post(by_token))
        .at("/by-session", get(by_session).post(by_session))
        .at("/by-key", get(by_key).post(by_key))
        .at("/by-superuser", get(by_superuser))
        .at("/by-superuser-key", get(by_superuser_key))
        .at("/maybe", get(maybe))
        .at("/key-by-hand", post(key_by_hand).data(auth.clone()))
        .at("/maybe-by-token", get(maybe_by_token))
        .at("/maybe-by-key", get(maybe_by_key))
        .at("/reports", get(read).post(write))
        .with(auth.clone())
        .map_to_response()
        .boxed()
}

/// One route of the mount that tries tokens first.
pub fn tokens_first_routes(auth: &TokensFirst) -> BoxEndpoint<'static, Response> {
    let route = Route::new().at("/whoami", get(tokens_first).post(tokens_first));
    route.with(auth.clone()).map_to_response().boxed()
}

/// The tokens that `/token` issued.
#[derive(Clone, Debug)]
pub struct Pair {
    pub access: String,
    pub refresh: String,
}

impl Pair {
    /// Reads the tokens of an answer. In cookie mode the refresh token is empty.
    pub fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        let body = answer.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

impl Browser {
    /// Requests tokens.
    pub async fn request_token(&self, name: &str, password: &str, scope: Option<&str>) -> Answer {
        let mut form = vec![("username", name), ("password", password)];
        form.extend(scope.map(|scope| ("scope", scope)));
        self.request_token_with(&form, &[]).await
    }

    /// Requests tokens with this form.
    pub async fn request_token_with(
        &self,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = serde_urlencoded::to_string(form).unwrap();
        let content_type = [("content-type", "application/x-www-form-urlencoded")];
        let headers: Vec<_> = content_type.iter().chain(headers).copied().collect();
        self.send(Method::POST, "/token", &headers, body.into_bytes()).await
    }

    /// Uses a refresh token.
    pub async fn refresh(&self, token: &str) -> Answer {
        self.post("/refresh", json!({ "refresh_token": token })).await
    }

    /// Sends a request with a bearer token.
    pub async fn send_bearer(&self, token: &str, method: Method, path: &str) -> Answer {
        let header = format!("Bearer {token}");
        self.send(method, path, &[("authorization", &header)], vec![]).await
    }

    /// Sends a request with a bearer token and a body.
    pub async fn send_bearer_json(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Answer {
        let header = format!("Bearer {token}");
        let headers = [("authorization", &*header), ("content-type", "application/json")];
        self.send(method, path, &headers, body.to_string().into_bytes()).await
    }

    /// Whether a bearer token or an API key authenticates.
    pub async fn accepts(&self, token: &str) -> bool {
        let answer = self.send_bearer(token, Method::GET, "/me").await;
        assert!(matches!(answer.status, 200 | 401), "{answer:?}");
        answer.status == 200
    }
}

impl App {
    /// Requests tokens for an existing account.
    pub async fn pair(&self, name: &str) -> Pair {
        Pair::of(&self.browser().request_token(name, PASSWORD, None).await)
    }

    /// Signs up and requests tokens.
    pub async fn program(&self, name: &str) -> Pair {
        assert_eq!(self.register(name).await.status, 202);
        self.pair(name).await
    }
}
