//! A mount: the accounts of one user struct, wired and ready to be added to an app.

mod endpoint;
mod slices;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use crudauth_core::StoreError;
use crudauth_core::migrate::Migrations;
use crudauth_core::model::{AuthUser, ClientAddress};
use crudauth_core::notify::Background;
use crudauth_core::slices::DatabaseStores;
use crudauth_core::sql::{AuthRow, Backend, SqlStore};
use crudauth_core::task;
use poem::endpoint::make_sync;
use poem::{Request, Route};

use crate::accounts::Accounts;
use crate::http::{HttpConfig, Refusal, headers};
use crate::transport::Transports;
pub(crate) use endpoint::Path;
use endpoint::WithoutSlash;
pub use slices::{HasStores, Slice, Slices};

/// A struct under `#[crudauth::routes(..)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a mount",
    label = "expected the struct under `#[crudauth::routes(..)]`",
    note = "arguments name the mount, not the user struct: `CurrentUser<Auth>`"
)]
pub trait Mount: Clone + Send + Sync + 'static {
    /// The user struct of its accounts.
    type User: AuthUser;

    /// The words of `#[crudauth::routes(..)]` that name slices, whether or not the mount has them.
    #[doc(hidden)]
    const WORDS: &'static [&'static str];

    #[doc(hidden)]
    fn new(mounted: Mounted<Self::User>) -> Self;

    /// The wired mount.
    fn mounted(&self) -> &Mounted<Self::User>;

    #[doc(hidden)]
    fn slices() -> Slices<Self::User>;

    /// The slices with stores of their own, as a list of pairs.
    #[doc(hidden)]
    type Stores: HasStores;

    #[doc(hidden)]
    fn stores<DB: Backend>(sql: &Arc<SqlStore<DB, Self::User>>) -> DatabaseStores<Self::User>
    where
        Self::User: AuthRow<DB>,
    {
        let mut stores = DatabaseStores::new(sql);
        Self::Stores::add(sql, &mut stores);
        stores
    }

    #[doc(hidden)]
    fn tables() -> Migrations<Self::User> {
        Self::slices().migrations()
    }

    #[doc(hidden)]
    fn transports(own: &mut Transports<Self::User>) -> Transports<Self::User>;
}

/// A mount that names this slice.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not mount the `{Slice}` slice",
    label = "needs the word for `{Slice}` in `#[crudauth::routes(..)]`",
    note = "the words are `session`, `bearer`, `api_keys`, .., and `transport = {Slice}` for a transport of your own"
)]
pub trait Mounts<Slice>: Mount {}

/// A mount with credentials that have scopes. An app with its own transport that gives scopes
/// implements it: `impl Scoped for Auth {}`.
#[diagnostic::on_unimplemented(
    message = "no credential of `{Self}` has scopes",
    label = "needs `bearer` or `api_keys` in `#[crudauth::routes(..)]`"
)]
pub trait Scoped: Mount {}

/// The wired mount. The struct under `#[crudauth::routes(..)]` dereferences to it. Clones share
/// everything.
#[derive(Clone)]
pub struct Mounted<U: AuthUser>(Arc<Parts<U>>);

/// The parts of a mount.
pub(crate) struct Parts<U: AuthUser> {
    pub(crate) accounts: Accounts<U>,
    pub(crate) background: Background,
    pub(crate) http: HttpConfig,
    pub(crate) paths: Vec<Path<U>>,
    pub(crate) transports: Transports<U>,
}

impl<U: AuthUser> Mounted<U> {
    pub(crate) fn new(parts: Parts<U>) -> Self {
        Self(Arc::new(parts))
    }

    pub(crate) fn parts(&self) -> &Parts<U> {
        &self.0
    }

    /// Whether both are clones of one mount.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The same flows as plain calls, without HTTP.
    #[must_use]
    pub fn accounts(&self) -> &Accounts<U> {
        &self.0.accounts
    }

    /// The present instant by the clock of the mount, for transports and gates of the app. Tests can
    /// set that clock.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.accounts.kit.clock.now()
    }

    /// The address of the client, from the socket and
    /// [trusted](crate::Builder::trusted_proxy_hops) proxies.
    #[must_use]
    pub fn client(&self, request: &Request) -> Option<ClientAddress> {
        headers::client(request, &self.0.http)
    }

    /// The routes alone, for a prefix: `Route::new().nest("/accounts", auth.routes())`. Other paths
    /// under that prefix are answered with a 404 as JSON.
    #[must_use]
    pub fn routes(&self) -> Route {
        let not_found = make_sync(|_| Refusal::not_found("Not Found").to_response());
        self.mount(Route::new()).at("/*rest", not_found)
    }

    /// Adds every route to the routes of the app. A path with a slash at its end redirects to the path
    /// without it (307), as in crudauth-py.
    ///
    /// # Panics
    /// If the app has a route at one of their paths already, with or without a slash at its end.
    #[must_use]
    pub fn mount(&self, route: Route) -> Route {
        self.0.paths.iter().fold(route, |route, path| {
            let with_slash = format!("{}/", path.path);
            route.at(path.path, path.endpoint(self)).at(with_slash, WithoutSlash)
        })
    }

    /// Deletes expired sessions, token families, API keys, one-time tokens and counters, and returns
    /// how many rows were deleted. It works in small steps, with pauses for other users of the
    /// database.
    ///
    /// # Errors
    /// If a store fails.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let mut purged = 0;
        loop {
            let (rows, has_more) = self.0.accounts.purge_step().await?;
            purged += rows;
            if !has_more {
                return Ok(purged);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Purges once in `every` while the mount is in use. The task ends with the last clone of the
    /// mount.
    ///
    /// # Panics
    /// Outside a tokio runtime, or if `every` is zero.
    pub fn spawn_purge(&self, every: Duration) -> tokio::task::JoinHandle<()> {
        let mounted = Arc::downgrade(&self.0);
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        task::spawn(Box::pin(async move {
            loop {
                ticks.tick().await;
                let Some(parts) = mounted.upgrade() else { return };
                match Self(parts).purge().await {
                    Ok(0) => {}
                    Ok(rows) => tracing::debug!(rows, "purged"),
                    Err(error) => {
                        tracing::error!(error = &error as &dyn std::error::Error, "purge failed");
                    }
                }
            }
        }))
    }

    /// Waits until every running route of the library has finished, also for clients that have
    /// disconnected, every message has been sent or dropped, and every subscriber of events is done.
    /// Call it at shutdown, after the last request, and in tests.
    pub async fn drained(&self) {
        self.0.background.drained().await;
        self.0.accounts.kit.events_drained().await;
    }
}

impl<U: AuthUser> std::fmt::Debug for Mounted<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mounted").field("table", &U::SHAPE.table).finish_non_exhaustive()
    }
}
