//! Setters of the builder. `build()` validates all values together.

use std::sync::Arc;

use crudauth_core::event::EventSubscriber;
use crudauth_core::guard::challenges::ChallengeStore;
use crudauth_core::guard::store::CounterStore;
use crudauth_core::guard::{LockoutConfig, RateLimits};
use crudauth_core::hooks::{BeforeSignIn, BeforeSignUp};
use crudauth_core::model::{Account, Scopes, SecretKey};
use crudauth_core::password::{HashingConfig, LegacyHash, PasswordPolicy};
use crudauth_core::principal::{ScopePolicy, ScopePolicyHandle};
use crudauth_core::slices::sessions::store::SessionStore;
use crudauth_core::sql::Backend;
use crudauth_core::{Clock, SignUpPolicy};

use super::Builder;
use crate::http::{CookieConfig, Pages};
use crate::mount::{Mount, Scoped};

/// Settings of the mounted slices.
impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Sets a function that selects the scopes an account gets (default: every account gets **all
    /// grantable scopes** that it requests).
    ///
    /// The function runs when a token or key is issued and at each use of it, so it must be fast.
    /// Its result is limited to the scopes that were requested and are grantable. A policy that
    /// needs I/O is a [`ScopePolicy`], set by [`scope_policy`](Self::scope_policy). The last call of
    /// either method applies.
    ///
    /// ```
    /// # use crudauth::AuthUser;
    /// # #[derive(Clone, Debug, AuthUser)]
    /// # struct User { id: i64, email: String }
    /// # #[crudauth::routes(user = User, api_keys)]
    /// # struct Auth;
    /// # fn f(pool: sqlx::SqlitePool, secret_key: &str) {
    /// crudauth::scopes! { pub ReportsRead = "reports:read"; }
    ///
    /// let builder = Auth::builder(pool, secret_key).scopes_for(|account, asked| {
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
        self.settings.scope_policy = ScopePolicyHandle::new(policy);
        self
    }

    /// Sets a policy that selects the scopes an account gets, for example by its roles in a table.
    ///
    /// See [`scopes_for`](Self::scopes_for) for a policy without I/O.
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
    /// # fn f(pool: sqlx::SqlitePool, secret_key: &str) {
    /// let builder = Auth::builder(pool.clone(), secret_key).scope_policy(Roles(pool));
    /// # }
    /// ```
    pub fn scope_policy(mut self, policy: impl ScopePolicy<A::User>) -> Self
    where
        A: Scoped,
    {
        self.settings.scope_policy = ScopePolicyHandle::new(policy);
        self
    }
}

/// Settings of the whole mount.
impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Adds secrets that were in use before, so that the secret can be changed without signing
    /// clients out.
    ///
    /// Access tokens signed by HMAC, refresh tokens and device cookies of a previous secret are still
    /// accepted; new ones are made with the current secret. Remove a previous secret after the longest
    /// lifetime of these values. Sessions and API keys do not depend on the secret. Failed sign-ins and
    /// rate limits are counted anew under a new secret.
    pub fn previous_secrets<T: Into<SecretKey>>(
        mut self,
        secrets: impl IntoIterator<Item = T>,
    ) -> Self {
        self.settings.previous_secrets.extend(secrets.into_iter().map(Into::into));
        self
    }

    /// Configures the lockout: failures before a lock, and length of the lock.
    pub fn lockout(mut self, config: LockoutConfig) -> Self {
        self.settings.lockout = config;
        self
    }

    /// Configures the rules for new passwords.
    pub fn password_policy(mut self, policy: PasswordPolicy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// Configures the cost of a password hash, and the size of the hashing pool.
    pub fn hashing(mut self, config: HashingConfig) -> Self {
        self.settings.hashing = config;
        self
    }

    /// Adds a format of password hashes of another system: one of [`crate::legacy`], or your own.
    ///
    /// Passwords are verified by argon2id first, then by the added formats. A matching hash is
    /// replaced when its owner signs in. A format costs nothing while the table has no hash of it.
    /// Otherwise each failed sign-in costs one more verification, for known and unknown accounts
    /// alike.
    pub fn legacy_hash(mut self, format: impl LegacyHash) -> Self {
        self.settings.legacy.push(Arc::new(format));
        self
    }

    /// Configures the rate limit of each action.
    pub fn rate_limits(mut self, rate_limits: RateLimits) -> Self {
        self.settings.rate_limits = rate_limits;
        self
    }

    /// Configures names and attributes of the cookies.
    pub fn cookies(mut self, config: CookieConfig) -> Self {
        self.settings.http.cookies = config;
        self
    }

    /// Sets the app's own pages, for an app that renders HTML (default: none).
    ///
    /// A browser that a handler refuses is then redirected to the page of the sign-in, and the routes
    /// of the library accept forms of pages and answer them with a redirect; see [`Pages`].
    pub fn pages(mut self, pages: Pages) -> Self {
        self.settings.http.pages = Some(pages);
        self
    }

    /// Sets the number of reverse proxies in front of the app (default 0: the client is the peer of
    /// the socket, and `X-Forwarded-For` is ignored).
    ///
    /// Each proxy must append the address of its caller to `X-Forwarded-For`.
    pub fn trusted_proxy_hops(mut self, hops: usize) -> Self {
        self.settings.http.trusted_hops = hops;
        self
    }

    /// Adds origins besides the app's own, for example `https://www.example.org`.
    ///
    /// Pages of a trusted origin may request mails and CSRF tokens, and confirm links. In browsers
    /// that do not send `Sec-Fetch-Site`, they may also send the sign-in form. The front end of the
    /// `email` slice is trusted already.
    ///
    /// A `/token` that returns refresh tokens in the body accepts requests from all origins.
    /// Failures from untrusted origins are counted separately from those of their visitors.
    pub fn trusted_origins<T: Into<String>>(
        mut self,
        origins: impl IntoIterator<Item = T>,
    ) -> Self {
        self.settings.http.trusted_origins.extend(origins.into_iter().map(Into::into));
        self
    }

    /// Mails owners a notice of each sign-in from a device without a `known_device` cookie of the
    /// account (default: none). The first sign-in after a sign-up, and the first on each device after
    /// a change of the password or of a factor, are from such a device as well.
    pub fn notify_new_devices(mut self) -> Self {
        self.settings.notifies_of_devices = true;
        self
    }

    /// Applies the requirements of OWASP ASVS (level 2) and NIST SP 800-63B that crudauth-py's front
    /// ends do not expect.
    ///
    /// - Cookie names start with `__Host-`, and cookies are sent over HTTPS only. Such a cookie has
    ///   the path `/`, so the refresh token is sent with every request.
    /// - Passwords have at least 15 characters.
    /// - Sessions and sign-ins by token end after at most 30 days.
    /// - API keys expire after at most one year.
    /// - Only accounts with a verified recovery contact add a second factor or a passkey.
    ///
    /// Stricter settings are kept, whether they are set before or after this call.
    pub fn hardened(mut self) -> Self {
        self.settings.is_hardened = true;
        self
    }

    /// Keeps sessions in this store instead of the database.
    pub fn sessions_in(mut self, store: impl SessionStore<A::User>) -> Self {
        self.settings.stores.sessions = Some(Arc::new(store));
        self
    }

    /// Keeps failed sign-ins and rate limits in this store instead of the database.
    pub fn counters_in(mut self, store: impl CounterStore) -> Self {
        self.settings.stores.counters = Some(Arc::new(store));
        self
    }

    /// Keeps challenges in this store instead of the database.
    pub fn challenges_in(mut self, store: impl ChallengeStore) -> Self {
        self.settings.stores.challenges = Some(Arc::new(store));
        self
    }

    /// Keeps sessions, failed sign-ins, rate limits and challenges in Redis instead of the database.
    ///
    /// Accounts, one-time tokens, API keys and token families stay in the database. Invalid settings
    /// and an unreachable Redis are errors of [`build`](Self::build). `None` keeps the database.
    #[cfg(feature = "redis")]
    pub fn redis(mut self, config: impl Into<Option<crudauth_core::stores::RedisConfig>>) -> Self {
        self.settings.stores.redis = config.into();
        self
    }

    /// Adds a subscriber of events: everything that happens to accounts. See [`guide::events`].
    ///
    /// It runs after the change, beside the request, and may block.
    ///
    /// [`guide::events`]: crate::guide::events
    ///
    /// ```
    /// # use crudauth::{AuthUser, Event, EventKind};
    /// # #[derive(Clone, Debug, AuthUser)]
    /// # struct User { id: i64, email: String }
    /// # #[crudauth::routes(user = User, session)]
    /// # struct Auth;
    /// # fn f(pool: sqlx::SqlitePool, secret_key: &str) {
    /// let builder = Auth::builder(pool, secret_key).on_event(|event: Event| {
    ///     if event.kind() == EventKind::PasswordReset {
    ///         println!("password of {:?} reset", event.account_key());
    ///     }
    /// });
    /// # }
    /// ```
    pub fn on_event(mut self, subscriber: impl EventSubscriber) -> Self {
        self.settings.events.subscribe(subscriber);
        self
    }

    /// Configures the policy of sign-ups (default: everyone may sign up), see
    /// [`Accounts`](crate::slice::Accounts).
    ///
    /// ```
    /// # use crudauth::{AuthUser, SignUpPolicy};
    /// # #[derive(Clone, Debug, AuthUser)]
    /// # struct User { id: i64, email: String }
    /// # #[crudauth::routes(user = User, session)]
    /// # struct Auth;
    /// # fn f(pool: sqlx::SqlitePool, secret_key: &str) {
    /// let builder = Auth::builder(pool, secret_key).sign_up(SignUpPolicy::domains(["example.com"]));
    /// # }
    /// ```
    pub fn sign_up(mut self, policy: SignUpPolicy) -> Self {
        self.settings.sign_up = policy;
        self
    }

    /// Adds a hook that may refuse a sign-up, with a reason that the client gets as a 403 with the
    /// code `refused-by-app`. Hooks are asked in the order of the calls.
    pub fn before_sign_up(mut self, hook: impl BeforeSignUp<A::User>) -> Self {
        self.settings.hooks.add_before_sign_up(hook);
        self
    }

    /// Adds a hook that may refuse a sign-in after its proof, with a reason that the client gets as a
    /// 403 with the code `refused-by-app`. Hooks are asked in the order of the calls.
    ///
    /// ```
    /// # use crudauth::AuthUser;
    /// use crudauth::hook::{BeforeSignIn, HookError, SignInFacts};
    ///
    /// # #[derive(Clone, Debug, AuthUser)]
    /// # struct User { id: i64, email: String }
    /// # #[crudauth::routes(user = User, session)]
    /// # struct Auth;
    /// struct Maintenance;
    ///
    /// impl BeforeSignIn<User> for Maintenance {
    ///     async fn before_sign_in(&self, sign_in: SignInFacts<'_, User>) -> Result<(), HookError> {
    ///         if sign_in.account().is_superuser() {
    ///             return Ok(());
    ///         }
    ///         Err(HookError::refused("We are back at noon."))
    ///     }
    /// }
    ///
    /// # fn f(pool: sqlx::SqlitePool, secret_key: &str) {
    /// let builder = Auth::builder(pool, secret_key).before_sign_in(Maintenance);
    /// # }
    /// ```
    pub fn before_sign_in(mut self, hook: impl BeforeSignIn<A::User>) -> Self {
        self.settings.hooks.add_before_sign_in(hook);
        self
    }

    /// Sets the clock, for tests (default: the clock of the system).
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.settings.clock = clock;
        self
    }
}
