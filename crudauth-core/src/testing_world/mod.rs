//! Stores and slices for the tests of flows whose promises a statement keeps.
//!
//! A [`World`] has the stores of one database. Its fields can be replaced, so that a test can put a
//! store of its own in the place of one. SQLite is always there; the other databases are there if
//! `cargo xtask test` has started them.

mod databases;
mod faults;
mod hooked;
mod messages;
mod person;
mod suite;

use std::sync::Arc;

use chrono::{DateTime, Utc};
#[cfg(feature = "mysql")]
pub(crate) use databases::mysql;
#[cfg(feature = "postgres")]
pub(crate) use databases::postgres;
pub(crate) use databases::{sqlite, worlds};
pub(crate) use faults::{Answer, Fault, Faults};
pub(crate) use hooked::Hooked;
pub(crate) use messages::{Messages, address};
pub(crate) use person::Person;

use crate::account_store::{AccountStore, Created, NewAccount, OwnColumns};
use crate::clock::{Clock, ManualClock};
use crate::event::Events;
use crate::guard::challenges::ChallengeStore;
use crate::guard::store::CounterStore;
use crate::guard::{Lockout, LockoutConfig, RateLimiter, RateLimits};
use crate::hooks::Hooks;
use crate::kit::Kit;
use crate::model::{
    Account, Checked, ClientInfo, EmailAddress, Identifier, KeyRing, PasswordHash, SecretKey,
};
use crate::password::{HashingConfig, HashingPool, Password, PasswordPolicy};
use crate::principal::{Principal, ScopePolicyHandle};
use crate::random::random;
use crate::sign_up_policy::SignUpPolicy;
use crate::slices::OwnedRows;
use crate::slices::accounts::{Callers, Passwords};
use crate::slices::api_keys::store::ApiKeyStore;
use crate::slices::api_keys::{ApiKeyConfig, ApiKeys};
use crate::slices::bearer::store::TokenFamilyStore;
use crate::slices::bearer::{BearerConfig, BearerTokens, Issued};
use crate::slices::mfa::store::{FactorStore, TrustStore};
use crate::slices::recovery::store::OneTimeTokenStore;
use crate::slices::sessions::store::SessionStore;
use crate::slices::sessions::{OpenedSession, SessionConfig, Sessions};
use crate::slices::sign_in::SignInFlow;
use crate::slices::sudo::Proof;

pub(crate) const SECRET: &str = "an app's secret of more than 32 bytes";
pub(crate) const OTHER_SECRET: &str = "another secret of more than 32 bytes!";

/// Password of every account, unless a test says otherwise.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Places of the hashing queue. A quarter of them is enough for many sign-ins to one account.
pub(crate) const QUEUED: usize = 400;

/// The stores of one database, with a clock and keys.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) accounts: Arc<dyn AccountStore<Person>>,
    pub(crate) sessions: Arc<dyn SessionStore<Person>>,
    pub(crate) owned_rows: Arc<dyn OwnedRows>,
    #[cfg(feature = "oauth")]
    pub(crate) connections: Arc<dyn crate::slices::oauth::store::ConnectionStore<Person>>,
    pub(crate) families: Arc<dyn TokenFamilyStore<Person>>,
    pub(crate) api_keys: Arc<dyn ApiKeyStore<Person>>,
    pub(crate) one_time_tokens: Arc<dyn OneTimeTokenStore<Person>>,
    pub(crate) factors: Arc<dyn FactorStore<Person>>,
    pub(crate) trusts: Arc<dyn TrustStore<Person>>,
    pub(crate) counters: Arc<dyn CounterStore>,
    pub(crate) challenges: Arc<dyn ChallengeStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) keys: KeyRing,
}

/// Settings of the slices.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) sessions: SessionConfig,
    pub(crate) bearer: BearerConfig,
    pub(crate) api_keys: ApiKeyConfig,
    pub(crate) lockout: LockoutConfig,
    pub(crate) limits: Option<RateLimits>,
    pub(crate) scopes: ScopePolicyHandle<Person>,
}

/// The slices over the stores of a world.
pub(crate) struct Slices {
    pub(crate) kit: Kit<Person>,
    pub(crate) sessions: Arc<Sessions<Person>>,
    pub(crate) tokens: Arc<BearerTokens<Person>>,
    pub(crate) api_keys: Arc<ApiKeys<Person>>,
    pub(crate) passwords: Passwords<Person>,
    pub(crate) sign_in: SignInFlow<Person>,
}

impl World {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Deletes expired rows and returns how many.
    pub(crate) async fn purge(&self) -> u64 {
        self.owned_rows.purge(self.now(), 10).await.unwrap().iter().sum()
    }

    /// The same stores under other secrets of the app.
    pub(crate) fn with_keys(&self, current: &str, previous: &[&str]) -> Self {
        Self { keys: keys(current, previous), ..self.clone() }
    }

    pub(crate) fn slices(&self) -> Slices {
        self.slices_with(Settings::default())
    }

    pub(crate) fn slices_with(&self, settings: Settings) -> Slices {
        let limits = settings.limits.unwrap_or_else(RateLimits::off);
        let kit = Kit { scopes: settings.scopes, ..self.kit(settings.lockout, limits) };
        let sessions = Sessions::new(kit.clone(), Arc::clone(&self.sessions), settings.sessions);
        let sessions = Arc::new(sessions);
        let families = Arc::clone(&self.families);
        let tokens = BearerTokens::new(kit.clone(), families, settings.bearer);
        let tokens = Arc::new(tokens);
        let callers = Callers::new(Arc::clone(&sessions), Arc::clone(&tokens));
        let store = Arc::clone(&self.api_keys);
        let api_keys = ApiKeys::new(kit.clone(), store, callers.clone(), settings.api_keys);
        let passwords = Passwords::new(kit.clone(), callers);
        let sign_in = SignInFlow::new(kit.clone(), Arc::clone(&sessions), Arc::clone(&tokens));
        Slices { kit, sessions, tokens, api_keys: Arc::new(api_keys), passwords, sign_in }
    }

    fn kit(&self, lockout: LockoutConfig, limits: RateLimits) -> Kit<Person> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let counters = Arc::clone(&self.counters);
        Kit {
            accounts: Arc::clone(&self.accounts),
            keys: self.keys.clone(),
            clock: Arc::clone(&clock),
            hashing: HashingPool::fast_with(&HashingConfig::default().max_queued(QUEUED)),
            policy: PasswordPolicy::default(),
            scopes: ScopePolicyHandle::default(),
            limits: RateLimiter::new(Arc::clone(&counters), self.keys.clone(), clock, limits),
            lockout: Lockout::new(counters, self.keys.clone(), lockout),
            sign_up: SignUpPolicy::default(),
            hooks: Hooks::default(),
            events: Events::default(),
            trail: None,
            notifier: None,
        }
    }

    /// Adds an account with this address and [`PASSWORD`].
    pub(crate) async fn account(&self, email: &str) -> Account<Person> {
        let hash = HashingPool::fast().hash(&password(PASSWORD)).await.unwrap();
        self.account_with_hash(email, hash).await
    }

    /// Adds an account with this address and password hash.
    pub(crate) async fn account_with_hash(
        &self,
        email: &str,
        hash: PasswordHash,
    ) -> Account<Person> {
        let account = NewAccount {
            id: None,
            identifiers: vec![Some(Identifier::Email(EmailAddress::parse(email).unwrap()))],
            hash,
            own: OwnColumns(()),
            invitation: None,
            security_stamp: i64::from_be_bytes(random()) & i64::MAX,
            created_at: self.now(),
        };
        match self.accounts.create(account).await.unwrap() {
            Created::Added(id) => self.accounts.by_id(&id).await.unwrap().unwrap(),
            refused => panic!("{refused:?}"),
        }
    }

    /// The account as the store has it now.
    pub(crate) async fn reloaded(&self, account: &Account<Person>) -> Account<Person> {
        let found = self.accounts.by_id(&account.user.id).await.unwrap();
        found.unwrap()
    }

    /// Stores another password, as another client of the owner would.
    pub(crate) async fn change_password(&self, account: &Account<Person>) -> Account<Person> {
        let hash = PasswordHash::new("another".to_owned());
        self.accounts.set_password(account, &hash, self.now()).await.unwrap().unwrap()
    }
}

impl Slices {
    /// Opens a session and returns its secrets and its principal.
    pub(crate) async fn open_session(
        &self,
        account: &Account<Person>,
    ) -> (OpenedSession, Principal<Person>) {
        let client = ClientInfo::default();
        let opened = self.sessions.open(account, client, false, &[]).await.unwrap();
        let principal = self.sessions.authenticate(&opened.token).await.unwrap().unwrap();
        (opened, principal)
    }

    /// Issues bearer tokens and returns them with their principal.
    pub(crate) async fn issue_tokens(
        &self,
        account: &Account<Person>,
    ) -> (Issued, Principal<Person>) {
        let issued = self.tokens.issue(account, None, ClientInfo::default()).await.unwrap();
        match self.tokens.authenticate(issued.access.expose()).await.unwrap() {
            Checked::Valid(principal) => (issued, principal),
            rejected => panic!("{rejected:?}"),
        }
    }
}

pub(crate) fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

/// The proof of an account without a second factor.
pub(crate) fn proof(typed: &str) -> Proof {
    Proof { password: Some(password(typed)), ..Proof::default() }
}

fn keys(current: &str, previous: &[&str]) -> KeyRing {
    let previous: Vec<_> = previous.iter().map(|&secret| SecretKey::from(secret)).collect();
    KeyRing::new(&SecretKey::from(current), &previous).unwrap()
}
