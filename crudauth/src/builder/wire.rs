//! Puts adapters behind ports, and slices together.

use std::sync::Arc;

use crudauth_core::ConfigError;
use crudauth_core::guard::Lockout;
use crudauth_core::guard::Throttle;
use crudauth_core::model::{AuthUser, KeyRing, SecretKey};
use crudauth_core::notify::Outbox;
use crudauth_core::password::HashingPool;
use crudauth_core::ports::{AccountStore, ApiKeyStore, CounterStore, GrantStore, SessionStore};
use crudauth_core::slices::accounts::Passwords;
use crudauth_core::slices::accounts::Registration;
use crudauth_core::slices::api_keys::ApiKeys;
use crudauth_core::slices::bearer::Tokens;
use crudauth_core::slices::recovery::{self, EmailConfig, Recovery};
use crudauth_core::slices::sessions::Sessions;
use crudauth_core::slices::sign_in::SignIn;
use crudauth_core::sql::{AuthRow, Backend, SqlStore, Stores};
use futures_util::future::BoxFuture;
use sqlx::Pool;

use super::schema::{self, Live};
use super::settings::{Own, Settings};
use super::{BuildError, validate};
use crate::accounts::Accounts;
use crate::mount::{Mount, Mounted, Parts};

/// Judges the settings and the database, all at once, and wires the mount if nothing is wrong.
pub(super) fn build<A: Mount, DB>(
    pool: Pool<DB>,
    secret: SecretKey,
    settings: Settings,
    mut own: Own<A::User>,
) -> BoxFuture<'static, Result<A, BuildError>>
where
    DB: Backend + Stores<<A::User as AuthUser>::Id>,
    A::User: AuthRow<DB>,
{
    Box::pin(async move {
        let mut errors = validate::settings(&settings);
        errors.extend(validate::transports(own.transports.names()));
        own.transports = A::transports(&mut own.transports);
        let keys = KeyRing::new(&secret, &settings.previous_secrets);
        if let Err(weak) = &keys {
            errors.extend(weak.iter().copied().map(ConfigError::WeakSecret));
        }
        let hashing = HashingPool::new(
            settings.hashing.clone(),
            settings.legacy.clone(),
            Arc::clone(&settings.entropy),
        );
        errors.extend(hashing.validate());
        let live = match schema::look::<DB, A::User>(&pool, &hashing).await {
            Err(error) if errors.is_empty() => return Err(BuildError::Database(error.into())),
            live => live.ok(),
        };
        errors.extend(live.iter().flat_map(|live| live.errors.iter().cloned()));
        match (keys, live) {
            (Ok(keys), Some(live)) if errors.is_empty() => {
                Ok(wire(pool, settings, keys, hashing, &live, own))
            }
            _ => Err(BuildError::Invalid(errors)),
        }
    })
}

fn wire<A: Mount, DB>(
    pool: Pool<DB>,
    settings: Settings,
    keys: KeyRing,
    hashing: HashingPool,
    live: &Live,
    own: Own<A::User>,
) -> A
where
    DB: Backend + Stores<<A::User as AuthUser>::Id>,
    A::User: AuthRow<DB>,
{
    let Settings {
        email,
        recovery,
        sessions,
        bearer,
        api_keys,
        lockout,
        policy,
        rate_limits,
        mut http,
        clock,
        entropy,
        ..
    } = settings;
    let sql = Arc::new(SqlStore::<DB, A::User>::new(pool));
    let store: Arc<dyn AccountStore<A::User>> = Arc::clone(&sql) as _;
    let session_store: Arc<dyn SessionStore<A::User>> = Arc::clone(&sql) as _;
    let grant_store: Arc<dyn GrantStore<A::User>> = Arc::clone(&sql) as _;
    let api_key_store: Arc<dyn ApiKeyStore<A::User>> = Arc::clone(&sql) as _;
    let counters: Arc<dyn CounterStore> = sql;

    let outbox = Outbox::default();
    let throttle =
        Throttle::new(Arc::clone(&counters), keys.clone(), Arc::clone(&clock), rate_limits);
    http.trusted_origins.extend(email.as_ref().map(|email| email.frontend_url().to_owned()));
    let lockout = Lockout::new(Arc::clone(&counters), keys.clone(), lockout);
    let recovery = email.map(EmailConfig::into_recovery).or(recovery).map(|config| {
        Recovery::new(recovery::Parts {
            accounts: Arc::clone(&store),
            hashing: hashing.clone(),
            policy: policy.clone(),
            throttle: throttle.clone(),
            lockout: lockout.clone(),
            config,
            outbox: outbox.clone(),
            keys: keys.clone(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
        })
    });
    let sessions = Arc::new(Sessions::new(
        Arc::clone(&session_store),
        keys.clone(),
        sessions,
        Arc::clone(&clock),
        Arc::clone(&entropy),
    ));
    let tokens = {
        let (keys, clock, entropy) = (keys.clone(), Arc::clone(&clock), Arc::clone(&entropy));
        Tokens::new(Arc::clone(&grant_store), keys, bearer, clock, entropy)
            .granting(own.granting.clone())
    };
    let api_keys = ApiKeys::new(
        Arc::clone(&api_key_store),
        keys.clone(),
        api_keys,
        Arc::clone(&clock),
        Arc::clone(&entropy),
    )
    .granting(own.granting.clone())
    .with_notices(recovery.clone());
    let accounts = Accounts {
        registration: Registration::new(
            Arc::clone(&store),
            hashing.clone(),
            policy.clone(),
            recovery.clone(),
            Arc::clone(&clock),
            Arc::clone(&entropy),
        )
        .within(&live.widths),
        sign_in: SignIn::new(
            Arc::clone(&store),
            Arc::clone(&sessions),
            lockout,
            hashing.clone(),
            keys,
            Arc::clone(&clock),
            entropy,
        ),
        passwords: Passwords::new(
            Arc::clone(&store),
            hashing,
            policy,
            recovery.clone(),
            Arc::clone(&clock),
        ),
        sessions,
        recovery,
        tokens: Arc::new(tokens),
        api_keys,
        grant_store,
        api_key_store,
        store,
        session_store,
        counters,
        clock,
    };
    A::new(Mounted::new(Parts {
        accounts,
        throttle,
        outbox,
        http,
        paths: A::paths().into_paths(),
        transports: own.transports,
        granting: own.granting,
    }))
}
