//! Stores that do something else before a verb, or fail instead of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::{Answer, Faults, Person};
use crate::account_store::{AccountStore, Created, NewAccount, OpenInvitation};
use crate::guard::challenges::{ChallengeRecord, ChallengeStore};
use crate::guard::store::{AttemptCounters, CounterStore, LockRule, RateLimit, RateLimitOutcome};
use crate::model::{
    Account, AccountState, ApiKeyDigest, ApiKeyHandle, ChallengeDigest, Contact, CounterName,
    CsrfDigest, EmailAddress, OneTimeDigest, PasswordHash, RecoveryCodeDigest, Scopes, Sealed,
    SessionDigest, TrustDigest,
};
use crate::slices::api_keys::ApiKeyEntry;
use crate::slices::api_keys::store::{ApiKeyStore, Inserted, NewApiKeyRecord};
use crate::slices::bearer::FamilyId;
use crate::slices::bearer::store::{
    FamilyEntry, NewTokenFamily, Rotation, TokenFamily, TokenFamilyStore,
};
use crate::slices::mfa::store::{
    Authenticator, Enrolment, FactorStore, Guesser, Trust, TrustStore,
};
#[cfg(feature = "oauth")]
use crate::slices::oauth::store::{
    Connecting, Connection, ConnectionId, ConnectionStore, CreatedConnected, Disconnecting,
    KeptTokens, NewConnection,
};
use crate::slices::recovery::store::{
    Consumed, ContactChange, NewOneTimeToken, OneTimeTokenRecord, OneTimeTokenStore, Purpose,
    UsedLogin,
};
use crate::slices::sessions::store::{Session, SessionStore};
use crate::store_error::StoreError;

type Hook =
    Box<dyn Fn(&'static str) -> BoxFuture<'static, Result<Answer, StoreError>> + Send + Sync>;

/// A store that runs a hook before its verbs. If the hook fails, so does the verb, and the store does
/// not see it.
pub(crate) struct Hooked<S: ?Sized> {
    store: Arc<S>,
    hook: Hook,
}

impl<S: ?Sized> Hooked<S> {
    /// Runs `hook` before each call of `verb`.
    pub(crate) fn before<F>(
        store: &Arc<S>,
        verb: &'static str,
        hook: impl Fn() -> F + Send + Sync + 'static,
    ) -> Arc<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::new(store, move |called| {
            let run = (called == verb).then(&hook);
            Box::pin(async move {
                if let Some(run) = run {
                    run.await;
                }
                Ok(Answer::Returned)
            })
        })
    }

    /// Fails the first call of `verb`.
    pub(crate) fn failing_once(store: &Arc<S>, verb: &'static str) -> Arc<Self> {
        let has_failed = AtomicBool::new(false);
        Self::failing_if(store, move |called| {
            called == verb && !has_failed.swap(true, Ordering::SeqCst)
        })
    }

    /// Fails each call of `verb`.
    pub(crate) fn failing(store: &Arc<S>, verb: &'static str) -> Arc<Self> {
        Self::failing_if(store, move |called| called == verb)
    }

    /// Fails the calls that `faults` chooses.
    pub(crate) fn faulty(store: &Arc<S>, faults: &Arc<Faults>) -> Arc<Self> {
        let faults = Arc::clone(faults);
        Self::new(store, move |called| {
            let answer = faults.call(called);
            Box::pin(async move { answer })
        })
    }

    fn failing_if(
        store: &Arc<S>,
        fails: impl Fn(&'static str) -> bool + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::new(store, move |called| {
            let answer = if fails(called) { Err(failure(called)) } else { Ok(Answer::Returned) };
            Box::pin(async move { answer })
        })
    }

    fn new(
        store: &Arc<S>,
        hook: impl Fn(&'static str) -> BoxFuture<'static, Result<Answer, StoreError>>
        + Send
        + Sync
        + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { store: Arc::clone(store), hook: Box::new(hook) })
    }
}

pub(super) fn failure(verb: &str) -> StoreError {
    StoreError::failed(format!("`{verb}` fails"))
}

/// Implements a port by its verbs: each runs the hook and calls the store.
macro_rules! hooked {
    ($($port:ident $(<$user:ty>)? {
        $(async fn $verb:ident($($argument:ident: $type:ty),*) -> $result:ty;)*
    })*) => {$(
        #[async_trait]
        impl $port$(<$user>)? for Hooked<dyn $port$(<$user>)?> {
            $(async fn $verb(&self, $($argument: $type),*) -> Result<$result, StoreError> {
                let verb = stringify!($verb);
                let answer = (self.hook)(verb).await?;
                let result = self.store.$verb($($argument),*).await?;
                match answer {
                    Answer::Returned => Ok(result),
                    Answer::Lost => Err(failure(verb)),
                }
            })*
        }
    )*};
}

hooked! {
    AccountStore<Person> {
        async fn by_identifier(at: usize, key: &str, typed: &str) -> Option<(Account<Person>, PasswordHash)>;
        async fn by_id(id: &i64) -> Option<Account<Person>>;
        async fn invitation(address: &EmailAddress, now: DateTime<Utc>) -> Option<OpenInvitation>;
        async fn with_hash(id: &i64) -> Option<(Account<Person>, PasswordHash)>;
        async fn create(account: NewAccount<Person>) -> Created<i64>;
        async fn renew_hash(id: &i64, old: &PasswordHash, new: &PasswordHash) -> ();
        async fn set_password(
            account: &Account<Person>, hash: &PasswordHash, now: DateTime<Utc>
        ) -> Option<Account<Person>>;
        async fn set_active(id: &i64, is_active: bool, now: DateTime<Utc>) -> bool;
        async fn revoke_disabled(id: &i64, now: DateTime<Utc>) -> ();
        async fn delete(id: &i64) -> bool;
    }

    SessionStore<Person> {
        async fn insert(session: Session<i64>, max: u32) -> ();
        async fn find(digest: &SessionDigest, now: DateTime<Utc>) -> Option<Session<i64>>;
        async fn list(account: &i64, now: DateTime<Utc>) -> Vec<Session<i64>>;
        async fn touch(
            digest: &SessionDigest, now: DateTime<Utc>, expires_at: DateTime<Utc>
        ) -> ();
        async fn replace_csrf(
            digest: &SessionDigest, old: &CsrfDigest, new: &CsrfDigest
        ) -> bool;
        async fn rebind(digest: &SessionDigest, state: AccountState) -> bool;
        async fn remove(digest: &SessionDigest) -> bool;
        async fn purge(now: DateTime<Utc>, limit: u32) -> u64;
    }

    TokenFamilyStore<Person> {
        async fn insert(family: NewTokenFamily<i64>, max: u32) -> ();
        async fn find(
            id: &FamilyId, now: DateTime<Utc>
        ) -> Option<(TokenFamily, Account<Person>)>;
        async fn narrow(id: &FamilyId, scopes: &Scopes) -> ();
        async fn rotate(rotation: Rotation) -> bool;
        async fn remove(id: &FamilyId) -> bool;
        async fn list(account: &Account<Person>, now: DateTime<Utc>) -> Vec<FamilyEntry>;
        async fn revoke(account: &Account<Person>, id: &FamilyId, now: DateTime<Utc>) -> bool;
        async fn revoke_all(account: &Account<Person>, now: DateTime<Utc>) -> u64;
    }

    ApiKeyStore<Person> {
        async fn insert(key: NewApiKeyRecord<i64>, max: u32) -> Inserted;
        async fn find(
            digest: &ApiKeyDigest, now: DateTime<Utc>
        ) -> Option<(ApiKeyEntry, AccountState, Account<Person>)>;
        async fn touch(
            digest: &ApiKeyDigest, now: DateTime<Utc>, before: DateTime<Utc>
        ) -> ();
        async fn list(account: &Account<Person>, now: DateTime<Utc>) -> Vec<ApiKeyEntry>;
        async fn revoke(
            account: &Account<Person>, handle: &ApiKeyHandle, now: DateTime<Utc>
        ) -> bool;
        async fn revoke_all(account: &Account<Person>, now: DateTime<Utc>) -> u64;
        async fn remove(digest: &ApiKeyDigest) -> ();
    }

    CounterStore {
        async fn hit(
            name: &CounterName, limit: RateLimit, now: DateTime<Utc>
        ) -> RateLimitOutcome;
        async fn locked_until(names: &[CounterName], now: DateTime<Utc>) -> Option<DateTime<Utc>>;
        async fn record_failure(
            counters: &[(CounterName, LockRule)], now: DateTime<Utc>
        ) -> Vec<Option<DateTime<Utc>>>;
        async fn admit(attempt: &AttemptCounters, now: DateTime<Utc>) -> bool;
        async fn clear(names: &[CounterName]) -> ();
        async fn purge(now: DateTime<Utc>, limit: u32) -> u64;
    }

    FactorStore<Person> {
        async fn find(account: &Account<Person>) -> Option<Authenticator>;
        async fn store_pending(
            account: &Account<Person>, secret: &Sealed, now: DateTime<Utc>
        ) -> bool;
        async fn enrol(
            account: &Account<Person>, enrolment: &Enrolment
        ) -> Option<Account<Person>>;
        async fn remove(account: &Account<Person>, now: DateTime<Utc>) -> Option<Account<Person>>;
        async fn claim_step(
            account: &Account<Person>, step: i64, guesser: &Guesser, max_failures: u32
        ) -> bool;
        async fn record_right_code(
            account: &Account<Person>, step: i64, guesser: &Guesser
        ) -> ();
        async fn record_failure(account: &Account<Person>, guesser: &Guesser) -> u32;
        async fn renew_secret(account: &Account<Person>, old: &Sealed, new: &Sealed) -> ();
        async fn has_recovery_code(
            account: &Account<Person>, code: &RecoveryCodeDigest
        ) -> bool;
        async fn spend_recovery_code(
            account: &Account<Person>, code: &RecoveryCodeDigest
        ) -> bool;
        async fn replace_recovery_codes(
            account: &Account<Person>, codes: &[RecoveryCodeDigest], now: DateTime<Utc>
        ) -> bool;
        async fn recovery_codes(account: &Account<Person>) -> u64;
    }

    TrustStore<Person> {
        async fn trust(account: &Account<Person>, trust: &Trust) -> ();
        async fn trusts(account: &Account<Person>, now: DateTime<Utc>) -> Vec<Trust>;
        async fn distrust(account: &Account<Person>, digest: &TrustDigest) -> bool;
        async fn distrust_all(account: &Account<Person>) -> u64;
    }

    ChallengeStore {
        async fn insert(challenge: ChallengeRecord) -> ();
        async fn find(digest: &ChallengeDigest, now: DateTime<Utc>) -> Option<Vec<u8>>;
        async fn take(digest: &ChallengeDigest, now: DateTime<Utc>) -> Option<Vec<u8>>;
        async fn purge(now: DateTime<Utc>, limit: u32) -> u64;
    }

    OneTimeTokenStore<Person> {
        async fn issue(token: NewOneTimeToken<i64>) -> bool;
        async fn find(
            digest: &OneTimeDigest, purpose: Purpose, now: DateTime<Utc>
        ) -> Option<OneTimeTokenRecord<Person>>;
        async fn confirm_contact(
            token: &OneTimeTokenRecord<Person>, now: DateTime<Utc>
        ) -> Consumed;
        async fn reset_password(
            token: &OneTimeTokenRecord<Person>, hash: &PasswordHash, now: DateTime<Utc>
        ) -> Consumed;
        async fn move_address(
            token: &OneTimeTokenRecord<Person>, now: DateTime<Utc>
        ) -> Consumed;
        async fn prove_contact(
            token: &OneTimeTokenRecord<Person>, unusable: &PasswordHash, now: DateTime<Utc>
        ) -> Option<Account<Person>>;
        async fn create_proved(
            account: NewAccount<Person>, token: UsedLogin
        ) -> Option<Created<i64>>;
        async fn set_contact(id: &i64, contact: &Contact, now: DateTime<Utc>) -> ContactChange;
    }
}

#[cfg(feature = "oauth")]
hooked! {
    ConnectionStore<Person> {
        async fn find(person: &ConnectionId) -> Option<Account<Person>>;
        async fn record_use(person: &ConnectionId, now: DateTime<Utc>) -> ();
        async fn forget_orphan(person: &ConnectionId) -> ();
        async fn create(
            account: NewAccount<Person>, connection: &NewConnection
        ) -> CreatedConnected<i64>;
        async fn connect(
            account: &Account<Person>, connection: &NewConnection, alone: bool
        ) -> Connecting;
        async fn claim(
            account: &Account<Person>, connection: &NewConnection, unusable: &PasswordHash
        ) -> Option<Account<Person>>;
        async fn list(account: &Account<Person>) -> Vec<Connection>;
        async fn disconnect(
            account: &Account<Person>, connection: &ConnectionId, now: DateTime<Utc>
        ) -> Disconnecting<Person>;
        async fn tokens(account: &Account<Person>) -> Vec<KeptTokens>;
        async fn replace_tokens(
            account: &Account<Person>, revision: i64, next: &KeptTokens
        ) -> bool;
    }
}
