//! An app as a user would write it, with its clock, database and outbox.

use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crudauth::ManualClock;
use crudauth::email::{MessageKind, RecordingSender};
use crudauth::{
    AuthRow, AuthUser, Backend, Builder, CurrentUser, EmailConfig, EmailMessage, HashingConfig,
    MaybeUser, Mounted, RateLimits, Superuser, Verified,
};
use poem::endpoint::BoxEndpoint;
use poem::web::Json;
use poem::{Endpoint, EndpointExt, Response, Route, get, handler, post};
use serde_json::{Value, json};

use crate::{Answer, Browser, Database, Kind};

/// A valid password.
pub const PASSWORD: &str = "a-strong-one";

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
pub struct User {
    pub id: i64,
    pub email: String,
    pub username: String,
    #[auth(register)]
    pub full_name: Option<String>,
    #[auth(default = "free")]
    pub plan: String,
    pub is_superuser: bool,
}

#[crudauth::routes(user = User, session, sessions, email)]
pub struct Auth;

/// The builder before `build()`.
pub type AppBuilder<DB> =
    Builder<Auth, DB, (crudauth::private::Slot<crudauth::slice::Email, EmailConfig>, ())>;

/// A change of the builder, for any database.
pub trait Setting: Send {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB>;
}

/// Changes nothing.
impl Setting for () {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder
    }
}

/// Turns all rate limits off.
pub struct Unlimited;

impl Setting for Unlimited {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.rate_limits(RateLimits::off())
    }
}

/// Cheap hashing whose queue outlasts a race of 64 requests on a busy machine.
pub fn patient_hashing() -> HashingConfig {
    crudauth::testing::cheap_hashing().max_queued(1024).queue_timeout(Duration::from_secs(60))
}

/// A future that is compiled here. An `async fn` would be compiled anew in each test binary, with
/// all that it calls on three databases.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An app without a socket.
#[derive(Clone)]
pub struct App {
    pub auth: Auth,
    pub database: Database,
    pub outbox: RecordingSender,
    pub clock: Arc<ManualClock>,
    endpoint: Arc<BoxEndpoint<'static, Response>>,
    /// Waits for the mails of another mount that the endpoint serves.
    drain: Option<Drain>,
}

type Drain = Arc<dyn Fn() -> Boxed<'static, ()> + Send + Sync>;

pub const SECRET: &str = "a-secret-for-tests-of-at-least-32-bytes";
pub const FRONTEND: &str = "https://app.example.com";

impl App {
    /// An app on a new database.
    pub fn on(kind: Kind) -> Boxed<'static, Self> {
        Box::pin(Self::with(kind, ()))
    }

    /// An app on a new database, with a changed builder.
    pub async fn with(kind: Kind, setting: impl Setting) -> Self {
        let (database, _) = Database::create(kind).await;
        Self::over(database, setting).await
    }

    /// An app on an existing database.
    pub async fn over(database: Database, setting: impl Setting) -> Self {
        let outbox = RecordingSender::default();
        let clock = Arc::new(ManualClock::default());
        let auth = match &database {
            Database::Sqlite(pool) => build(pool.clone(), setting, &outbox, &clock).await,
            Database::Postgres(pool) => build(pool.clone(), setting, &outbox, &clock).await,
            Database::MySql(pool) => build(pool.clone(), setting, &outbox, &clock).await,
        };
        let endpoint = routes(&auth);
        Self { auth, database, outbox, clock, endpoint: Arc::new(endpoint), drain: None }
    }

    /// The app after a restart: nothing in memory is kept.
    pub fn restarted(&self) -> Boxed<'_, Self> {
        Box::pin(Self::over(self.database.clone(), ()))
    }

    /// The same database and clock behind another endpoint.
    pub fn serving(&self, endpoint: impl Endpoint<Output = Response> + 'static) -> Self {
        Self { endpoint: Arc::new(endpoint.boxed()), ..self.clone() }
    }

    /// The same app, which waits for the mails of that mount too.
    pub fn draining<M>(self, mount: &M) -> Self
    where
        M: Deref<Target = Mounted<User>> + Clone + Send + Sync + 'static,
    {
        let mount = mount.clone();
        self.waiting_for(move || {
            let mount = mount.clone();
            async move { mount.drained().await }
        })
    }

    /// The same app, which waits for this as well.
    pub fn waiting_for<F>(self, drain: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let drain = move || -> Boxed<'static, ()> { Box::pin(drain()) };
        Self { drain: Some(Arc::new(drain)), ..self }
    }

    async fn drained(&self) {
        self.auth.drained().await;
        if let Some(drain) = &self.drain {
            drain().await;
        }
    }

    /// The same database and routes with another mount.
    pub fn around(&self, auth: Auth) -> Self {
        let endpoint = Arc::new(routes(&auth));
        Self { auth, endpoint, ..self.clone() }
    }

    /// The routes, for a server.
    pub fn into_endpoint(self) -> Arc<BoxEndpoint<'static, Response>> {
        self.endpoint
    }

    pub(crate) fn endpoint(&self) -> &BoxEndpoint<'static, Response> {
        &self.endpoint
    }

    /// A browser with a unique address.
    pub fn browser(&self) -> Browser {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        Browser::new(self.clone(), format!("203.0.{}.{}", n / 250 % 250, n % 250 + 1))
    }

    /// Signs `name` up with a new browser.
    pub async fn register(&self, name: &str) -> Answer {
        self.browser().post("/register", sign_up(name)).await
    }

    /// Signs `name` up with another address than its own.
    pub async fn register_as(&self, name: &str, address: &str) -> Answer {
        let mut form = sign_up(name);
        form["email"] = json!(address);
        self.browser().post("/register", form).await
    }

    /// Signs `name` up and in.
    pub async fn member(&self, name: &str) -> Browser {
        assert_eq!(self.register(name).await.status, 202);
        self.signed_in(name, PASSWORD).await
    }

    /// A new browser in which `name` is signed in.
    pub async fn signed_in(&self, name: &str, password: &str) -> Browser {
        let browser = self.browser();
        let answer = browser.login(name, password).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        browser
    }

    /// The latest message of this kind to this address, once the outbox is empty.
    pub async fn last_mail(&self, kind: MessageKind, to: &str) -> EmailMessage {
        self.drained().await;
        let found = self.outbox.last(kind, to);
        found.unwrap_or_else(|| panic!("no {kind:?} to {to}: {:?}", self.outbox.messages()))
    }

    /// The number of messages of this kind to this address.
    pub async fn mail_count(&self, kind: MessageKind, to: &str) -> usize {
        self.drained().await;
        let messages = self.outbox.messages();
        messages.iter().filter(|one| one.kind == kind && one.to.as_str() == to).count()
    }

    /// The token in the latest link of this kind to this address.
    pub async fn token(&self, kind: MessageKind, to: &str) -> String {
        let link = self.last_mail(kind, to).await.link.expect("such a message has a link");
        link.rsplit_once("?token=").expect("the link carries a token").1.to_owned()
    }

    /// Requests a password reset and returns the token of the mail.
    pub async fn reset_token(&self, address: &str) -> String {
        let answer =
            self.browser().post("/password/reset-request", json!({ "email": address })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.token(MessageKind::ResetPassword, address).await
    }
}

/// A sign-up form.
pub fn sign_up(name: &str) -> Value {
    json!({ "email": format!("{name}@example.com"), "username": name, "password": PASSWORD })
}

async fn build<DB>(
    pool: sqlx::Pool<DB>,
    setting: impl Setting,
    outbox: &RecordingSender,
    clock: &Arc<ManualClock>,
) -> Auth
where
    DB: Backend,
    User: AuthRow<DB>,
{
    crudauth::migrations!(User).run(&pool).await.unwrap();
    let builder = Auth::builder(pool, SECRET)
        .email(EmailConfig::new(outbox.clone(), FRONTEND))
        .hashing(patient_hashing())
        .trusted_proxy_hops(1)
        .clock(Arc::clone(clock) as _);
    setting.set(builder).build().await.unwrap()
}

#[handler]
async fn dashboard(user: CurrentUser<Auth>) -> Json<Value> {
    Json(json!({ "id": user.id, "plan": user.plan, "full_name": user.full_name }))
}

#[handler]
async fn billing(_: CurrentUser<Auth, Verified>) -> &'static str {
    "ok"
}

#[handler]
async fn admin(_: CurrentUser<Auth, (Verified, Superuser)>) -> &'static str {
    "ok"
}

#[handler]
async fn greeting(user: MaybeUser<Auth>) -> Json<Value> {
    Json(json!(user.user().map(|user| &user.username)))
}

#[handler]
async fn twice(one: CurrentUser<Auth>, other: CurrentUser<Auth, Verified>) -> Json<bool> {
    Json(one.id == other.id)
}

#[handler]
async fn note(_: CurrentUser<Auth>, body: String) -> String {
    body
}

#[handler]
async fn open() -> &'static str {
    "ok"
}

fn routes(auth: &Auth) -> BoxEndpoint<'static, Response> {
    auth.mount(Route::new())
        .at("/dashboard", get(dashboard))
        .at("/billing", get(billing))
        .at("/admin", get(admin))
        .at("/greeting", get(greeting).post(greeting))
        .at("/twice", get(twice))
        .at("/note", post(note))
        .at("/open", get(open))
        .with(auth.clone())
        .map_to_response()
        .boxed()
}
