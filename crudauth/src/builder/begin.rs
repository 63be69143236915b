//! The builder of a mount.

use crudauth_core::model::SecretKey;
#[cfg(feature = "oauth")]
use crudauth_core::slices::oauth::OAuthConfig;
use crudauth_core::slices::recovery::{EmailConfig, RecoveryConfig};
use crudauth_core::sql::{AuthRow, Backend};
use futures_util::future::BoxFuture;
use sqlx::Pool;

use super::settings::Settings;
use super::slots::{AllGiven, Awaits, OwnTransport};
use super::{BuildError, wire};
use crate::mount::Mount;
use crate::slice;

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
    pub(crate) settings: Settings<A::User>,
    slots: S,
    wire: Wire<A, DB>,
}

/// Puts stores behind ports. The function is chosen by `Builder::new`, so that the bounds on the
/// database appear there, once.
type Wire<A, DB> = fn(
    Pool<DB>,
    SecretKey,
    Settings<<A as Mount>::User>,
) -> BoxFuture<'static, Result<A, BuildError>>;

impl<A: Mount, DB: Backend, S: Default> Builder<A, DB, S>
where
    A::User: AuthRow<DB>,
{
    /// Creates a builder. The generated `Auth::builder` calls this.
    pub fn new(pool: Pool<DB>, secret: impl Into<SecretKey>) -> Self {
        Self {
            pool,
            secret: secret.into(),
            settings: Settings::default(),
            slots: S::default(),
            wire: wire::build::<A, DB>,
        }
    }
}

// `G` is a parameter because rustc reports a missing method, and not the unmet bound, if a return type
// has a projection that does not exist.
impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Configures the `email` slice: sender, front end, and the links in mails.
    pub fn email<At, G>(self, config: EmailConfig) -> Builder<A, DB, G>
    where
        S: Awaits<slice::Email, At, Given<EmailConfig> = G>,
    {
        self.give(config)
    }

    /// Configures the `recovery` slice: channels of messages, and lifetimes of tokens.
    pub fn recovery<At, G>(self, config: RecoveryConfig) -> Builder<A, DB, G>
    where
        S: Awaits<slice::Recovery, At, Given<RecoveryConfig> = G>,
    {
        self.give(config)
    }

    /// Configures the `oauth` slice: the public URL, and the providers.
    #[cfg(feature = "oauth")]
    pub fn oauth<At, G>(self, config: OAuthConfig) -> Builder<A, DB, G>
    where
        S: Awaits<slice::OAuth, At, Given<OAuthConfig> = G>,
    {
        self.give(config)
    }

    /// Sets a transport of the app's own that the mount names, for example `transport = Certificate`.
    /// The order of the calls does not matter.
    pub fn transport<T, At, G>(self, transport: T) -> Builder<A, DB, G>
    where
        S: Awaits<T, At, Given<OwnTransport<T>> = G>,
    {
        self.give(OwnTransport(transport))
    }

    fn give<T, At, V>(self, value: V) -> Builder<A, DB, S::Given<V>>
    where
        S: Awaits<T, At>,
    {
        Builder {
            pool: self.pool,
            secret: self.secret,
            settings: self.settings,
            slots: self.slots.give(value),
            wire: self.wire,
        }
    }

    /// Validates the settings, compares the database with the user struct, and creates the mount.
    ///
    /// # Errors
    /// [`BuildError::Invalid`] with all invalid settings and all differences of the database.
    /// [`BuildError::Store`] or [`BuildError::Database`] if a store or the database cannot be reached.
    // The type of the future does not depend on the slots, so that a missing one is one error.
    pub fn build(mut self) -> BoxFuture<'static, Result<A, BuildError>>
    where
        S: AllGiven<A::User>,
    {
        self.slots.add_to(&mut self.settings);
        if self.settings.is_hardened {
            self.settings.harden();
        }
        (self.wire)(self.pool, self.secret, self.settings)
    }
}

impl<A: Mount, DB: Backend, S> std::fmt::Debug for Builder<A, DB, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("database", &DB::NAME).finish_non_exhaustive()
    }
}
