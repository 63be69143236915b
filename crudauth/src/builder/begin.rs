//! The builder of a mount.

use crudauth_core::model::{AuthUser, SecretKey};
use crudauth_core::slices::recovery::{EmailConfig, RecoveryConfig};
use crudauth_core::sql::{AuthRow, Backend, Stores};
use futures_util::future::BoxFuture;
use sqlx::Pool;

use super::own::{AllGiven, Awaits};
use super::settings::{Own, Settings};
use super::slots::{Open, Ready, Slots};
use super::{BuildError, wire};
use crate::mount::Mount;
use crate::slice;
use crate::transport::Transports;

/// Builds a mount. `Auth::builder(pool, secret)` creates one.
///
/// All defaults are safe. The compiler requires the mandatory settings of the mounted slices, and
/// [`build`](Self::build) validates all values together.
///
/// The type parameter `S` tracks the configured slices and the transports. A function that configures
/// several mounts is generic over it:
///
/// ```
/// use crudauth::{Backend, Builder, Mount};
///
/// fn shared<A: Mount, DB: Backend, S>(builder: Builder<A, DB, S>) -> Builder<A, DB, S> {
///     builder.trusted_proxy_hops(1).hardened()
/// }
/// ```
#[must_use = "call `build()` to create the mount"]
pub struct Builder<A: Mount, DB: Backend, S> {
    pub(super) pool: Pool<DB>,
    pub(super) secret: SecretKey,
    pub(crate) settings: Settings,
    pub(super) own: Own<A::User>,
    slots: S,
    wire: Wire<A, DB>,
}

/// Puts stores behind ports. The function is chosen by `Builder::new`, so that the bounds on the
/// database appear there, once.
type Wire<A, DB> = fn(
    Pool<DB>,
    SecretKey,
    Settings,
    Own<<A as Mount>::User>,
) -> BoxFuture<'static, Result<A, BuildError>>;

impl<A: Mount, DB, E, R, T> Builder<A, DB, Slots<E, R, T>>
where
    Slots<E, R, T>: Default,
    DB: Backend + Stores<<A::User as AuthUser>::Id>,
    A::User: AuthRow<DB>,
{
    /// Creates a builder. The generated `Auth::builder` calls this.
    pub fn new(pool: Pool<DB>, secret: impl Into<SecretKey>) -> Self {
        Self {
            pool,
            secret: secret.into(),
            settings: Settings::default(),
            own: Own::default(),
            slots: Slots::default(),
            wire: wire::build::<A, DB>,
        }
    }
}

impl<A: Mount, DB: Backend, E, R, T> Builder<A, DB, Slots<E, R, T>> {
    /// Configures the `email` slice: sender, front end, and the links in mails.
    pub fn email(self, config: EmailConfig) -> Builder<A, DB, Slots<EmailConfig, R, T>>
    where
        E: Open<slice::Email>,
    {
        self.with_slots(|Slots { recovery, own, .. }| Slots { email: config, recovery, own })
    }

    /// Configures the `recovery` slice: channels of messages, and lifetimes of tokens.
    pub fn recovery(self, config: RecoveryConfig) -> Builder<A, DB, Slots<E, RecoveryConfig, T>>
    where
        R: Open<slice::Recovery>,
    {
        self.with_slots(|Slots { email, own, .. }| Slots { email, recovery: config, own })
    }

    /// Sets a transport of the app's own that the mount names, for example `transport = Certificate`.
    /// The order of the calls does not matter.
    pub fn transport<O, At>(self, transport: O) -> Builder<A, DB, Slots<E, R, T::Given>>
    where
        T: Awaits<O, At>,
    {
        self.with_slots(|Slots { email, recovery, own }| Slots {
            email,
            recovery,
            own: own.give(transport),
        })
    }

    fn with_slots<S>(self, fill: impl FnOnce(Slots<E, R, T>) -> S) -> Builder<A, DB, S> {
        Builder {
            pool: self.pool,
            secret: self.secret,
            settings: self.settings,
            own: self.own,
            slots: fill(self.slots),
            wire: self.wire,
        }
    }

    /// Validates the settings, compares the database with the user struct, and creates the mount.
    ///
    /// # Errors
    /// [`BuildError::Invalid`] with all invalid settings and all differences of the database.
    /// [`BuildError::Store`] or [`BuildError::Database`] if a store or the database cannot be reached.
    // The type of the future does not depend on the slots, so that a missing one is one error.
    pub fn build(self) -> BoxFuture<'static, Result<A, BuildError>>
    where
        E: Ready<slice::Email, Settings = EmailConfig>,
        R: Ready<slice::Recovery, Settings = RecoveryConfig>,
        T: AllGiven<A::User>,
    {
        let (mut settings, mut own) = (self.settings, self.own);
        settings.email = self.slots.email.settings();
        settings.recovery = self.slots.recovery.settings();
        if settings.is_hardened {
            settings.harden();
        }
        own.transports = self.slots.own.add_to(Transports::new());
        (self.wire)(self.pool, self.secret, settings, own)
    }
}

impl<A: Mount, DB: Backend, S> std::fmt::Debug for Builder<A, DB, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("database", &DB::NAME).finish_non_exhaustive()
    }
}
