//! Collects what a mount is made of.

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

/// Builds a mount; `Auth::builder(pool, secret)` begins.
///
/// What is not said is safe. What the mounted slices cannot work without is asked for by the
/// compiler, and the rest is judged, all at once, by [`build`](Self::build).
///
/// The third parameter says which slices have their settings, and which transports are given. A
/// function that sets what several mounts have in common is generic over it:
///
/// ```
/// use crudauth::{Backend, Builder, Mount};
///
/// fn in_common<A: Mount, DB: Backend, S>(builder: Builder<A, DB, S>) -> Builder<A, DB, S> {
///     builder.trusted_proxy_hops(1).hardened()
/// }
/// ```
#[must_use = "a mount is made by `build()`"]
pub struct Builder<A: Mount, DB: Backend, S> {
    pub(super) pool: Pool<DB>,
    pub(super) secret: SecretKey,
    pub(super) settings: Settings,
    pub(super) own: Own<A::User>,
    slots: S,
    wire: Wire<A, DB>,
}

/// How adapters are put behind ports. It is chosen where the builder begins, so that what the
/// database must be able to hold is asked for there, once.
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
    /// Begins; the generated `Auth::builder` calls this.
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
    /// The settings of the `email` slice: who sends, and where links point.
    pub fn email(self, config: EmailConfig) -> Builder<A, DB, Slots<EmailConfig, R, T>>
    where
        E: Open<slice::Email>,
    {
        self.with_slots(|Slots { recovery, own, .. }| Slots { email: config, recovery, own })
    }

    /// The settings of the `recovery` slice: over what messages reach people.
    pub fn recovery(self, config: RecoveryConfig) -> Builder<A, DB, Slots<E, RecoveryConfig, T>>
    where
        R: Open<slice::Recovery>,
    {
        self.with_slots(|Slots { email, own, .. }| Slots { email, recovery: config, own })
    }

    /// A transport of the app's own, which the mount names: `transport = Certificate`. In what order
    /// they are given does not matter.
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

    /// Wires the mount, after a look at the database: where it lacks something that the struct or
    /// the library needs, this tells what, and the first sign-in does not.
    ///
    /// # Errors
    /// [`BuildError`] with everything that is wrong with the settings and missing in the
    /// database.
    // A future of one type whatever the places are, so that what is missing is told once.
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
