//! Collects what a mount is made of.

use std::sync::Arc;

use crudauth_core::api_keys::ApiKeyConfig;
#[cfg(feature = "bearer")]
use crudauth_core::bearer::BearerConfig;
use crudauth_core::delivery::OutboxConfig;
use crudauth_core::login::LockoutConfig;
use crudauth_core::model::{Account, AuthUser, Scopes, SecretKey};
use crudauth_core::password::{HashingConfig, LegacyHash, PasswordPolicy};
use crudauth_core::ports::{Clock, Entropy, Granting, ScopePolicy};
use crudauth_core::ratelimit::Allowances;
use crudauth_core::recovery::{EmailConfig, RecoveryConfig};
use crudauth_core::session::SessionConfig;
use crudauth_core::storage::sql::{AuthRow, Backend, Stores};
use futures_util::future::BoxFuture;
use sqlx::Pool;

use super::own::{AllGiven, Awaits};
use super::settings::{Own, Settings};
use super::slots::{Open, Ready, Slots};
use super::{BuildError, wire};
use crate::http::CookieConfig;
#[cfg(feature = "bearer")]
use crate::http::RefreshIn;
use crate::mount::{Mount, Mounts, Scoped, Transports};
use crate::slice;

/// Builds a mount; `Auth::builder(pool, secret)` begins.
///
/// What is not said is safe. What the mounted slices cannot work without is asked for by the
/// compiler, and the rest is judged, all at once, by [`build`](Self::build).
///
/// The third parameter says which slices have their settings, and which transports are given. A function that sets what several mounts
/// have in common is generic over it:
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
    own: Own<A::User>,
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

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Secrets that were in use before, beside those that were named already: what was made with them
    /// is still read, and nothing is made with them any more. So a secret can be changed without
    /// signing anybody out. Drop one when what was made with it is gone: sessions and sign-ins by
    /// token after their longest life, an API key once it was used under the new secret.
    pub fn previous_secrets<T: Into<SecretKey>>(
        mut self,
        secrets: impl IntoIterator<Item = T>,
    ) -> Self {
        self.settings.previous_secrets.extend(secrets.into_iter().map(Into::into));
        self
    }

    /// How long sessions live, and how many an account may have.
    pub fn session(mut self, config: SessionConfig) -> Self
    where
        A: Mounts<slice::Session>,
    {
        self.settings.sessions = config;
        self
    }

    /// How long bearer tokens live, and what they may be used for.
    #[cfg(feature = "bearer")]
    pub fn bearer(mut self, config: BearerConfig) -> Self
    where
        A: Mounts<slice::Bearer>,
    {
        self.settings.bearer = config;
        self
    }

    /// Where refresh tokens live (default [`RefreshIn::Cookie`]).
    #[cfg(feature = "bearer")]
    pub fn refresh_in(mut self, place: RefreshIn) -> Self
    where
        A: Mounts<slice::Bearer>,
    {
        self.settings.http.refresh_in = place;
        self
    }

    /// What API keys look like, and what they may be used for.
    pub fn api_keys(mut self, config: ApiKeyConfig) -> Self
    where
        A: Mounts<slice::ApiKeys>,
    {
        self.settings.api_keys = config;
        self
    }

    /// What an account gets of the scopes that are asked for (default: **all that are grantable**,
    /// whoever it is). It is asked when a token or a key is issued, and again at every use, so it
    /// should be quick; whatever it answers, nothing is granted that was not asked or is not
    /// grantable. One that has to look something up is a [`ScopePolicy`], which
    /// [`scope_policy`](Self::scope_policy) takes; of the two the last one counts.
    ///
    /// ```
    /// # use crudauth::AuthUser;
    /// # #[derive(Clone, Debug, AuthUser)]
    /// # struct User { id: i64, email: String }
    /// # #[crudauth::routes(user = User, api_keys)]
    /// # struct Auth;
    /// # fn f(pool: sqlx::SqlitePool) {
    /// crudauth::scopes! { pub ReportsRead = "reports:read"; }
    ///
    /// let builder = Auth::builder(pool, "…").scopes_for(|account, asked| {
    ///     if account.is_superuser() { asked.clone() } else { ReportsRead.into() }
    /// });
    /// # }
    /// ```
    pub fn scopes_for(
        mut self,
        policy: impl Fn(&Account<A::User>, &Scopes) -> Scopes + Send + Sync + 'static,
    ) -> Self
    where
        A: Scoped,
    {
        self.own.granting = Granting::by(policy);
        self
    }

    /// The same, decided by what has to be looked up: the account's roles in a table, for one.
    ///
    /// ```
    /// # use crudauth::{Account, AuthUser, ScopePolicy, Scopes, StoreError};
    /// # #[derive(Clone, Debug, AuthUser)]
    /// # struct User { id: i64, email: String }
    /// # #[crudauth::routes(user = User, api_keys)]
    /// # struct Auth;
    /// struct Roles(sqlx::SqlitePool);
    ///
    /// impl ScopePolicy<User> for Roles {
    ///     async fn grant(&self, account: &Account<User>, _: &Scopes) -> Result<Scopes, StoreError> {
    ///         let granted: Vec<String> = sqlx::query_scalar("SELECT scope FROM roles WHERE user_id = $1")
    ///             .bind(account.user.id)
    ///             .fetch_all(&self.0)
    ///             .await?;
    ///         Scopes::of(granted).map_err(StoreError::failed)
    ///     }
    /// }
    ///
    /// # fn f(pool: sqlx::SqlitePool) {
    /// let builder = Auth::builder(pool.clone(), "…").scope_policy(Roles(pool));
    /// # }
    /// ```
    pub fn scope_policy(mut self, policy: impl ScopePolicy<A::User>) -> Self
    where
        A: Scoped,
    {
        self.own.granting = Granting::by(policy);
        self
    }

    /// When sign-in is locked, and for how long.
    pub fn lockout(mut self, config: LockoutConfig) -> Self {
        self.settings.lockout = config;
        self
    }

    /// What a new password must be like.
    pub fn password_policy(mut self, policy: PasswordPolicy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// What a hash costs, and how many are made at once.
    pub fn hashing(mut self, config: HashingConfig) -> Self {
        self.settings.hashing = config;
        self
    }

    /// One more format of password hashes that another system made: one of those in
    /// [`crate::legacy`], or one of your own. Add each once.
    ///
    /// It is asked wherever a password is checked, after argon2id said no, and the hash is replaced
    /// when its owner signs in. It costs nothing while the table holds no hash of it; else every
    /// miss costs one check of it more, whoever was named.
    pub fn legacy_hash(mut self, format: impl LegacyHash) -> Self {
        self.settings.legacy.push(Arc::new(format));
        self
    }

    /// How often an action may be asked for.
    pub fn allowances(mut self, allowances: Allowances) -> Self {
        self.settings.allowances = allowances;
        self
    }

    /// How many messages are under way, and how many may wait.
    pub fn outbox(mut self, config: OutboxConfig) -> Self {
        self.settings.outbox = config;
        self
    }

    /// Names and attributes of the cookies.
    pub fn cookies(mut self, config: CookieConfig) -> Self {
        self.settings.http.cookies = config;
        self
    }

    /// How many reverse proxies stand in front (default 0: `X-Forwarded-For` is not believed, and
    /// the socket's peer is the client). Each must add the address of whoever called it.
    pub fn trusted_proxy_hops(mut self, hops: usize) -> Self {
        self.settings.http.trusted_hops = hops;
        self
    }

    /// Sites beside the app's own whose pages may ask for mail, CSRF tokens and to confirm links, such
    /// as `https://www.example.org`; and, in browsers that do not say where a request comes from
    /// (`Sec-Fetch-Site`), send the sign-in form. The front end of the `email` slice is one already.
    ///
    /// A `/token` that answers in the body can be asked from everywhere; what pages of sites that are
    /// not named here get wrong is counted apart from what their visitors do.
    pub fn trusted_origins<T: Into<String>>(
        mut self,
        origins: impl IntoIterator<Item = T>,
    ) -> Self {
        self.settings.http.trusted_origins.extend(origins.into_iter().map(Into::into));
        self
    }

    /// What OWASP's ASVS (level 2) and NIST SP 800-63B ask for beyond what crudauth-py's front ends
    /// expect: cookies named `__Host-…` over HTTPS only, passwords of at least 15 characters,
    /// sessions and sign-ins by token that end after 30 days at most however often they are used, API
    /// keys that end after a year.
    /// What is set to be stricter stays so. A `__Host-` cookie has no path of its own, so that of
    /// the refresh token is then sent with every request.
    pub fn hardened(mut self) -> Self {
        self.settings.is_hardened = true;
        self
    }

    /// Another clock, for tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Another source of randomness.
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.settings.entropy = entropy;
        self
    }
}

impl<A: Mount, DB: Backend, S> std::fmt::Debug for Builder<A, DB, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("database", &DB::NAME).finish_non_exhaustive()
    }
}
