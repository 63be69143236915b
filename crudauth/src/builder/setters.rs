//! What is said to the builder and only put down: judged by `build()`, all of it at once.

use std::sync::Arc;

use crudauth_core::Clock;
use crudauth_core::guard::challenges::ChallengeStore;
use crudauth_core::guard::store::CounterStore;
use crudauth_core::guard::{LockoutConfig, RateLimits};
use crudauth_core::model::{Account, Scopes, SecretKey};
use crudauth_core::password::{HashingConfig, LegacyHash, PasswordPolicy};
use crudauth_core::principal::{ScopePolicy, ScopePolicyHandle};
use crudauth_core::slices::api_keys::ApiKeyConfig;
use crudauth_core::slices::bearer::BearerConfig;
use crudauth_core::slices::sessions::SessionConfig;
use crudauth_core::slices::sessions::store::SessionStore;
use crudauth_core::sql::Backend;

use super::Builder;
use crate::http::CookieConfig;
use crate::http::RefreshIn;
use crate::mount::{Mount, Mounts, Scoped};
use crate::slice;

/// What the mounted slices do.
impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// How long sessions live, and how many an account may have.
    pub fn session(mut self, config: SessionConfig) -> Self
    where
        A: Mounts<slice::Session>,
    {
        self.settings.sessions = config;
        self
    }

    /// How long bearer tokens live, and what they may be used for.
    pub fn bearer(mut self, config: BearerConfig) -> Self
    where
        A: Mounts<slice::Bearer>,
    {
        self.settings.bearer = config;
        self
    }

    /// Where refresh tokens live (default [`RefreshIn::Cookie`]).
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
        self.own.scope_policy = ScopePolicyHandle::new(policy);
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
        self.own.scope_policy = ScopePolicyHandle::new(policy);
        self
    }
}

/// What holds for all of them.
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
    pub fn rate_limits(mut self, rate_limits: RateLimits) -> Self {
        self.settings.rate_limits = rate_limits;
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

    /// Keeps sessions in this store instead of the database.
    pub fn sessions_in(mut self, store: impl SessionStore<A::User>) -> Self {
        self.own.stores.sessions = Some(Arc::new(store));
        self
    }

    /// Keeps failed sign-ins and rate limits in this store instead of the database.
    pub fn counters_in(mut self, store: impl CounterStore) -> Self {
        self.own.stores.counters = Some(Arc::new(store));
        self
    }

    /// Keeps challenges in this store instead of the database.
    pub fn challenges_in(mut self, store: impl ChallengeStore) -> Self {
        self.own.stores.challenges = Some(Arc::new(store));
        self
    }

    /// Keeps sessions, failed sign-ins, rate limits and challenges in Redis instead of the database.
    ///
    /// Accounts, one-time tokens, API keys and token families stay in the database. An unreachable
    /// Redis is an error of [`build`](Self::build).
    #[cfg(feature = "redis")]
    pub fn redis(mut self, config: crudauth_core::stores::RedisConfig) -> Self {
        self.own.stores.redis = Some(config);
        self
    }

    /// Another clock, for tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.settings.clock = clock;
        self
    }
}
