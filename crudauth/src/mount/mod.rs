//! A mount: one user struct's accounts, wired and ready to be put into an app.

mod endpoint;
mod slices;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use crudauth_core::StoreError;
use crudauth_core::model::{AuthUser, ClientAddress};
use crudauth_core::notify::Background;
use crudauth_core::principal::ScopePolicyHandle;
use poem::{Request, Route};

use crate::accounts::Accounts;
use crate::http::{HttpConfig, headers};

use crate::transport::Transports;
pub(crate) use endpoint::Path;
use endpoint::WithoutSlash;
pub use slices::{Slice, Slices};

/// A struct under `#[crudauth::routes(..)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a mount",
    label = "expected the struct under `#[crudauth::routes(..)]`",
    note = "arguments name the mount, not the user struct: `CurrentUser<Auth>`"
)]
pub trait Mount: Clone + Send + Sync + 'static {
    /// Whose accounts it serves.
    type User: AuthUser;

    /// Wraps what the builder has wired.
    fn new(mounted: Mounted<Self::User>) -> Self;

    /// What the builder has wired.
    fn mounted(&self) -> &Mounted<Self::User>;

    /// The slices that it names.
    fn slices() -> Slices<Self::User>;

    /// The transports that it names, in that order; `own` are those that the builder was given.
    fn transports(own: &mut Transports<Self::User>) -> Transports<Self::User>;
}

/// A mount that names this slice.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not mount the `{Slice}` slice",
    label = "needs the word for `{Slice}` in `#[crudauth::routes(..)]`",
    note = "the words are `session`, `bearer`, `api_keys`, .., and `transport = {Slice}` for a transport of your own"
)]
pub trait Mounts<Slice>: Mount {}

/// A mount some of whose credentials have scopes. An app whose own transport gives scopes says so
/// by itself: `impl Scoped for Auth {}`.
#[diagnostic::on_unimplemented(
    message = "no credential of `{Self}` has scopes",
    label = "needs `bearer` or `api_keys` in `#[crudauth::routes(..)]`"
)]
pub trait Scoped: Mount {}

/// What stands behind a mount. The struct under `#[crudauth::routes(..)]` dereferences to it; a
/// clone is the same mount.
pub struct Mounted<U: AuthUser>(Arc<Parts<U>>);

/// What a mount is made of.
pub(crate) struct Parts<U: AuthUser> {
    pub(crate) accounts: Accounts<U>,
    pub(crate) background: Background,
    pub(crate) http: HttpConfig,
    pub(crate) paths: Vec<Path<U>>,
    pub(crate) transports: Transports<U>,
    pub(crate) scope_policy: ScopePolicyHandle<U>,
}

impl<U: AuthUser> Mounted<U> {
    pub(crate) fn new(parts: Parts<U>) -> Self {
        Self(Arc::new(parts))
    }

    pub(crate) fn parts(&self) -> &Parts<U> {
        &self.0
    }

    /// Whether both are one mount.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The same flows as plain calls, without HTTP.
    #[must_use]
    pub fn accounts(&self) -> &Accounts<U> {
        &self.0.accounts
    }

    /// What time it is by the mount's clock, which tests turn: for what a transport or a gate of the
    /// app's judges.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.accounts.kit.clock.now()
    }

    /// From where a request comes, as far as [trusted](crate::Builder::trusted_proxy_hops) proxies
    /// say.
    #[must_use]
    pub fn client(&self, request: &Request) -> Option<ClientAddress> {
        headers::client(request, &self.0.http)
    }

    /// The routes by themselves, to be nested under a prefix:
    /// `Route::new().nest("/accounts", auth.routes())`. Whatever else is asked for there is
    /// answered with a 404 as JSON.
    #[must_use]
    pub fn routes(&self) -> Route {
        self.mount(Route::new()).at("/*rest", endpoint::NotFound)
    }

    /// Puts every route into the app's own. A path with a slash at its end redirects to the path
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

    /// Deletes what has expired: sessions, grants, API keys, one-time tokens, counters. It does so in small steps,
    /// and lets others get a word in between them; tells how many rows went.
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

    /// Purges once in `every` for as long as the mount is in use: its last clone gone, the task ends
    /// and lets go of the pool.
    ///
    /// # Panics
    /// Outside a tokio runtime, or if `every` is zero.
    pub fn spawn_purge(&self, every: Duration) -> tokio::task::JoinHandle<()> {
        let mounted = Arc::downgrade(&self.0);
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tokio::spawn(async move {
            loop {
                ticks.tick().await;
                let Some(parts) = mounted.upgrade() else { return };
                match Self(parts).purge().await {
                    Ok(0) => {}
                    Ok(rows) => tracing::debug!(rows, "purged"),
                    Err(error) => {
                        tracing::error!(error = &error as &dyn std::error::Error, "not purged");
                    }
                }
            }
        })
    }

    /// Waits until every route of the library's that was asked has done its work, also for a client that hung up, and
    /// every message that came of it is handed to the sender or given up: before the process ends,
    /// when no request comes any more, and in tests.
    pub async fn drained(&self) {
        self.0.background.drained().await;
    }
}

impl<U: AuthUser> Clone for Mounted<U> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<U: AuthUser> std::fmt::Debug for Mounted<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mounted").field("table", &U::SHAPE.table).finish_non_exhaustive()
    }
}
