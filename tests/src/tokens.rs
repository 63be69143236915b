//! A mount with every transport, and programs that have tokens.

use std::sync::Arc;

use crudauth::flow::WantedKey;
use crudauth::{
    Account, ApiKeyConfig, AuthRow, Backend, BearerConfig, Builder, CurrentUser, EmailConfig,
    MaybeUser, RefreshIn, Scope, Scopes, Stores, Superuser, Via, slice,
};
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::web::{Data, Json};
use poem::{EndpointExt, Response, Route, get, handler, post};
use serde_json::{Value, json};

use crate::{Answer, App, Browser, Database, FRONTEND, PASSWORD, SECRET, User};

#[crudauth::routes(user = User, session, bearer, api_keys, sessions, tokens, email)]
pub struct All;

/// The same accounts, but a token is tried before the session.
#[crudauth::routes(user = User, bearer, session)]
pub struct TokensFirst;

crudauth::scopes! {
    pub ReportsRead = "reports:read";
    pub ReportsWrite = "reports:write";
}

/// How a mount with tokens is set up.
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

/// Refresh tokens are in a cookie.
pub fn in_cookie() -> Setup {
    Setup { refresh_in: RefreshIn::Cookie, ..Setup::default() }
}

impl App {
    /// A mount with every transport on the same database.
    pub async fn all(&self, setup: Setup) -> (All, Self) {
        let auth: All = match self.database.clone() {
            Database::Sqlite(pool) => self.mount_all(pool, setup).await,
            Database::Postgres(pool) => self.mount_all(pool, setup).await,
            Database::MySql(pool) => self.mount_all(pool, setup).await,
        };
        let app = self.serving(routes(&auth));
        (auth, app)
    }

    /// The same, with tokens in the body.
    pub async fn with_tokens(&self) -> Self {
        self.all(Setup::default()).await.1
    }

    async fn mount_all<DB>(&self, pool: sqlx::Pool<DB>, setup: Setup) -> All
    where
        DB: Backend + Stores<i64>,
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
            .trusted_proxy_hops(1)
            .clock(Arc::clone(&self.clock) as _);
        let builder = if setup.is_hardened { builder.hardened() } else { builder };
        builder.build().await.unwrap()
    }
}

async fn told(who: &crudauth::Principal<User>) -> Json<Value> {
    Json(json!([who.user().username, who.proof().as_str()]))
}

#[handler]
async fn whoami(who: CurrentUser<All>) -> Json<Value> {
    told(who.principal()).await
}

#[handler]
async fn by_token(who: CurrentUser<All, Via<slice::Bearer>>) -> Json<Value> {
    told(who.principal()).await
}

#[handler]
async fn by_session(who: CurrentUser<All, Via<slice::Session>>) -> Json<Value> {
    told(who.principal()).await
}

#[handler]
async fn by_key(who: CurrentUser<All, Via<slice::ApiKeys>>) -> Json<Value> {
    told(who.principal()).await
}

#[handler]
async fn by_superuser(who: CurrentUser<All, Superuser>) -> Json<Value> {
    told(who.principal()).await
}

#[handler]
async fn by_superuser_s_key(
    who: CurrentUser<All, (Superuser, Via<slice::ApiKeys>)>,
) -> Json<Value> {
    told(who.principal()).await
}

#[handler]
async fn maybe(who: MaybeUser<All>) -> Json<Value> {
    Json(json!(who.user().map(|user| &user.username)))
}

/// Makes a key without the library's route, for whoever calls.
#[handler]
async fn key_by_hand(
    who: CurrentUser<All, Via<slice::Session, slice::Bearer, slice::ApiKeys>>,
    auth: Data<&All>,
) -> String {
    let wanted = WantedKey::named("by hand").scopes(ReportsRead | ReportsWrite);
    match auth.accounts().api_keys().create(who.principal(), &wanted).await {
        Ok(created) => created.key.scopes.to_string(),
        Err(error) => error.to_string(),
    }
}

#[handler]
async fn maybe_by_token(
    who: MaybeUser<All, (Via<slice::Bearer>, Scope<ReportsRead>)>,
) -> Json<Value> {
    Json(json!(who.user().map(|user| &user.username)))
}

#[handler]
async fn maybe_by_key(who: MaybeUser<All, Via<slice::ApiKeys>>) -> Json<Value> {
    Json(json!(who.user().map(|user| &user.username)))
}

#[handler]
async fn read(who: CurrentUser<All, Scope<ReportsRead>>) -> Json<Value> {
    Json(json!(who.principal().scopes()))
}

#[handler]
async fn write(who: CurrentUser<All, (Scope<ReportsRead>, Scope<ReportsWrite>)>) -> Json<Value> {
    Json(json!(who.principal().scopes()))
}

#[handler]
async fn tokens_first(who: CurrentUser<TokensFirst>) -> Json<Value> {
    told(who.principal()).await
}

fn routes(auth: &All) -> BoxEndpoint<'static, Response> {
    auth.mount(Route::new())
        .at("/whoami", get(whoami).post(whoami))
        .at("/by-token", get(by_token).post(by_token))
        .at("/by-session", get(by_session).post(by_session))
        .at("/by-key", get(by_key).post(by_key))
        .at("/by-superuser", get(by_superuser))
        .at("/by-superuser-s-key", get(by_superuser_s_key))
        .at("/maybe", get(maybe))
        .at("/key-by-hand", post(key_by_hand).data(auth.clone()))
        .at("/maybe-by-token", get(maybe_by_token))
        .at("/maybe-by-key", get(maybe_by_key))
        .at("/reports", get(read).post(write))
        .with(auth.clone())
        .map_to_response()
        .boxed()
}

/// One route, before which tokens are tried first.
pub fn tokens_first_routes(auth: &TokensFirst) -> BoxEndpoint<'static, Response> {
    let route = Route::new().at("/whoami", get(tokens_first).post(tokens_first));
    route.with(auth.clone()).map_to_response().boxed()
}

/// What `/token` has given.
#[derive(Clone, Debug)]
pub struct Pair {
    pub access: String,
    pub refresh: String,
}

impl Pair {
    /// Takes them out of an answer; without a refresh token where that is in a cookie.
    pub fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        let body = answer.json();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

impl Browser {
    /// Asks for tokens.
    pub async fn ask_token(&self, name: &str, password: &str, scope: Option<&str>) -> Answer {
        let mut form = vec![("username", name), ("password", password)];
        form.extend(scope.map(|scope| ("scope", scope)));
        self.ask_token_with(&form, &[]).await
    }

    /// The same by any form.
    pub async fn ask_token_with(&self, form: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
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
    pub async fn bearing(&self, token: &str, method: Method, path: &str) -> Answer {
        let header = format!("Bearer {token}");
        self.send(method, path, &[("authorization", &header)], vec![]).await
    }

    /// The same with a body.
    pub async fn bearing_json(
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

    /// Whether a bearer token or an API key is good.
    pub async fn knows(&self, token: &str) -> bool {
        let answer = self.bearing(token, Method::GET, "/me").await;
        assert!(matches!(answer.status, 200 | 401), "{answer:?}");
        answer.status == 200
    }
}

impl App {
    /// Tokens of somebody who has signed up.
    pub async fn pair(&self, name: &str) -> Pair {
        Pair::of(&self.browser().ask_token(name, PASSWORD, None).await)
    }

    /// Signs somebody up and gives them tokens.
    pub async fn program(&self, name: &str) -> Pair {
        assert_eq!(self.register(name).await.status, 202);
        self.pair(name).await
    }
}
