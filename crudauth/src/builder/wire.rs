//! Puts stores behind ports and slices together.

use std::sync::Arc;

use crudauth_core::event::trail::Trail;
use crudauth_core::guard::{Lockout, RateLimiter};
use crudauth_core::model::{AuthUser, KeyRing, SecretKey};
use crudauth_core::notify::{Background, DirectOutbox, Notifier};
use crudauth_core::password::HashingPool;
use crudauth_core::slices::accounts::{Administration, Callers, Passwords, Registration};
use crudauth_core::slices::audit::{self, AuditConfig};
use crudauth_core::slices::bearer::BearerTokens;
use crudauth_core::slices::mfa::{AUTHENTICATORS, Mfa};
use crudauth_core::slices::passkeys::{self, PasskeyFactor};
use crudauth_core::slices::recovery::{EmailConfig, Recovery};
use crudauth_core::slices::sessions::Sessions;
use crudauth_core::slices::sign_in::SignInFlow;
use crudauth_core::slices::sudo::Sudo;
use crudauth_core::sql::{AuthRow, Backend};
use crudauth_core::{ConfigError, Kit};
use futures_util::future::BoxFuture;
use sqlx::Pool;

use super::schema::{self, Live};
use super::settings::Settings;
use super::{BuildError, validate};
use crate::accounts::{Accounts, Stores};
use crate::mount::{Mount, Mounted, Parts};
use crate::slices::{Services, Wiring, trail_of};

/// Validates the settings and the database, all at once, and wires the mount if both are valid.
pub(super) fn build<A: Mount, DB: Backend>(
    pool: Pool<DB>,
    secret: SecretKey,
    mut settings: Settings<A::User>,
) -> BoxFuture<'static, Result<A, BuildError>>
where
    A::User: AuthRow<DB>,
{
    Box::pin(async move {
        let mut errors = validate::settings(&settings);
        #[cfg(feature = "passkeys")]
        if A::slices().tables().any(|table| *table == passkeys::TABLE) {
            errors.extend(settings.complete_passkeys());
        }
        #[cfg(feature = "oauth")]
        if A::slices().tables().any(|table| *table == crudauth_core::slices::oauth::CONNECTIONS) {
            errors.extend(settings.http.cookies.strict_with_providers());
        }
        errors.extend(validate::transports(settings.transports.names(), A::WORDS));
        #[cfg(feature = "redis")]
        errors.extend(settings.stores.validate());
        settings.transports = A::transports(&mut settings.transports);
        let keys = KeyRing::new(&secret, &settings.previous_secrets);
        if let Err(weak) = &keys {
            errors.extend(weak.iter().copied().map(ConfigError::WeakSecret));
        }
        let hashing = HashingPool::new(settings.hashing.clone(), settings.legacy.clone());
        errors.extend(hashing.validate());
        let slices = A::slices().without_tables(&settings.stores.replaced_tables());
        let migrations = slices.migrations();
        let live = match schema::look::<A, DB>(&pool, &hashing, &migrations).await {
            Err(error) if errors.is_empty() => return Err(BuildError::Database(error.into())),
            live => live.ok(),
        };
        if let Some(Live { layout, widths, .. }) = &live {
            let account = settings.slices.account;
            errors.extend(account.check_table(&<A::User as AuthUser>::SHAPE, layout, widths));
        }
        match (keys, live) {
            (Ok(keys), Some(live)) if errors.is_empty() && live.errors.is_empty() => {
                let stores = std::mem::take(&mut settings.stores);
                let stores = stores.connect::<A, DB>(pool, &slices, live.layout.clone()).await;
                let stores = stores.map_err(BuildError::Store)?;
                let kit = kit(&stores, &settings, keys, hashing);
                let auth: A = wire(kit, stores, settings, &live);
                if live.has_crudauth_py_factors {
                    take_over_factors(&auth).await?;
                }
                let self_service = auth.mounted().accounts().self_service();
                self_service.warn_of_rules().await.map_err(BuildError::Store)?;
                Ok(auth)
            }
            (_, live) => {
                let schema = live.map(|live| live.errors).unwrap_or_default();
                Err(BuildError::Invalid { settings: errors, schema })
            }
        }
    })
}

/// Moves the second factors of crudauth-py, if the mount has second factors.
async fn take_over_factors<A: Mount>(auth: &A) -> Result<(), BuildError> {
    let has_mfa = A::slices().tables().any(|table| *table == AUTHENTICATORS);
    if !has_mfa {
        return Ok(());
    }
    let accounts = auth.mounted().accounts();
    let left = accounts.mfa().take_over(&*accounts.stores.database.crudauth_py_factors).await;
    match left.map_err(BuildError::Store)? {
        0 => Ok(()),
        count => {
            let settings = vec![ConfigError::UnreadFactors { count }];
            Err(BuildError::Invalid { settings, schema: Vec::new() })
        }
    }
}

fn wire<A: Mount>(
    mut kit: Kit<A::User>,
    stores: Stores<A::User>,
    settings: Settings<A::User>,
    live: &Live,
) -> A {
    let mut http = settings.http;
    let frontend_url = settings.email.as_ref().map(|email| email.frontend_url().to_owned());
    http.trusted_origins.extend(frontend_url.clone());
    kit.trail = trail::<A>(&kit, &stores, settings.slices.audit);
    let background = Background::default();
    let recovery = settings.email.map(EmailConfig::into_recovery).or(settings.recovery);
    kit.notifier = recovery.as_ref().map(|config| {
        let outbox = Arc::new(DirectOutbox::new(config.channels()));
        Notifier::new(outbox, background.clone(), kit.limits.clone())
    });
    let slices = settings.slices;
    if slices.admin.impersonates {
        http.cookies.allow_impersonation();
    }
    let sessions = Sessions::new(kit.clone(), Arc::clone(&stores.sessions), slices.sessions);
    let sessions = Arc::new(sessions);
    let database = stores.database.clone();
    let families = Arc::clone(&database.families);
    let mut bearer = slices.bearer.clone();
    bearer.grace.get_or_insert(http.refresh_in.grace());
    let tokens = BearerTokens::new(kit.clone(), families, bearer);
    let tokens = Arc::new(tokens);
    let callers = Callers::new(Arc::clone(&sessions), Arc::clone(&tokens));
    let factors = (Arc::clone(&database.factors), Arc::clone(&database.trusts));
    let mfa = Arc::new(Mfa::new(kit.clone(), factors, callers.clone(), slices.mfa.clone()));
    let mounted = A::slices();
    let tables: Vec<_> = mounted.tables().collect();
    let second_factor = tables.contains(&&AUTHENTICATORS).then(|| Arc::clone(&mfa));
    let passkeys = tables
        .contains(&&passkeys::TABLE)
        .then(|| PasskeyFactor::new(Arc::clone(&database.passkeys), &slices.passkeys));
    let mut sudo = Sudo::new(
        kit.clone(),
        Arc::clone(&sessions),
        (second_factor.clone(), passkeys.clone()),
        slices.sudo,
        mounted.has_path("/sudo"),
    );
    if mounted.has_path("/email-login/request") {
        sudo = sudo.with_mail();
    }
    #[cfg(feature = "oauth")]
    if tables.contains(&&crudauth_core::slices::oauth::CONNECTIONS) {
        sudo = sudo.with_connections(Arc::clone(&database.connections));
    }
    let sudo = Arc::new(sudo);
    let recovery = recovery.zip(kit.notifier.clone()).map(|(config, notifier)| {
        let proof = (notifier, Arc::clone(&sudo));
        Recovery::new(kit.clone(), proof, Arc::clone(&database.one_time_tokens), config)
    });
    let registration = Registration::new(kit.clone(), recovery.clone()).within(&live.widths);
    let mut sign_in = SignInFlow::new(kit.clone(), Arc::clone(&sessions), Arc::clone(&tokens));
    if settings.notifies_of_devices {
        sign_in = sign_in.with_device_notices();
    }
    if second_factor.is_some() || passkeys.is_some() {
        let challenges = Arc::clone(&stores.challenges);
        let mfa = (Arc::clone(&mfa), second_factor.is_some());
        sign_in = sign_in.with_second_factor(mfa, passkeys.clone(), challenges);
    }
    let wiring = Wiring {
        kit,
        database,
        callers,
        sessions: Arc::clone(&sessions),
        tokens: Arc::clone(&tokens),
        mfa,
        sudo,
        recovery: recovery.clone(),
        data: settings.account_data,
        tables,
        passkeys,
        challenges: Arc::clone(&stores.challenges),
        sign_in: sign_in.clone(),
        #[cfg(feature = "oauth")]
        background: background.clone(),
        paths: mounted.paths().collect(),
        frontend_url,
        widths: live.widths.clone(),
    };
    let Wiring { kit, callers, .. } = &wiring;
    let services = Services::wire(&wiring, &slices);
    let accounts = Accounts {
        registration,
        sign_in,
        passwords: Passwords::new(kit.clone(), callers.clone()),
        administration: Administration::new(
            kit.clone(),
            Arc::clone(&stores.database.one_time_tokens),
        ),
        services,
        tables: wiring.tables.clone(),
        sessions,
        tokens,
        recovery,
        kit: kit.clone(),
        stores,
    };
    A::new(Mounted::new(Parts {
        accounts,
        background,
        http,
        paths: mounted.into_paths(),
        transports: settings.transports,
    }))
}

/// Keeps events, if the mount has a table for them.
fn trail<A: Mount>(
    kit: &Kit<A::User>,
    stores: &Stores<A::User>,
    config: AuditConfig,
) -> Option<Trail<A::User>> {
    let is_mounted = A::slices().tables().any(|table| *table == audit::TABLE);
    is_mounted.then(|| trail_of(kit, Arc::clone(&stores.database.audit), config))
}

/// Creates the parts that every flow gets, without a trail and a notifier.
fn kit<U: AuthUser>(
    stores: &Stores<U>,
    settings: &Settings<U>,
    keys: KeyRing,
    hashing: HashingPool,
) -> Kit<U> {
    let counters = &stores.counters;
    let clock = &settings.clock;
    let limits = settings.rate_limits.clone();
    Kit {
        accounts: Arc::clone(&stores.database.accounts),
        limits: RateLimiter::new(Arc::clone(counters), keys.clone(), Arc::clone(clock), limits),
        lockout: Lockout::new(Arc::clone(counters), keys.clone(), settings.lockout),
        keys,
        clock: Arc::clone(clock),
        hashing,
        policy: settings.policy.clone(),
        scopes: settings.scope_policy.clone(),
        sign_up: settings.sign_up.clone(),
        hooks: settings.hooks.clone(),
        events: settings.events.clone(),
        trail: None,
        notifier: None,
    }
}
