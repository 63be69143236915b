//! What the outside fills in: time, randomness, stores.
//!
//! A store's verb is one whole atomic effect: no transaction crosses a port, so nothing above one
//! can check first and act later.

mod accounts;
mod api_keys;
mod clock;
mod counters;
mod credentials;
mod entropy;
mod error;
mod grants;
mod scope_policy;
mod sessions;

pub use accounts::{
    AccountStore, Changed, Consumed, ContactChange, Created, NewAccount, NewToken, NewValues,
    OneTimeToken, Purpose,
};
pub use api_keys::{AddedApiKey, ApiKeyEntry, ApiKeyStore, Credential, LiveApiKey, NewApiKey};
pub use clock::{Clock, ManualClock, SystemClock};
pub(crate) use clock::{LEEWAY, LONGEST};
pub use counters::{Allowance, Counted, CounterStore, GivenBack, LockRule, LockState};
pub use credentials::CredentialStore;
pub use entropy::{Entropy, OsEntropy};
pub use error::StoreError;
pub use grants::{
    GrantEntry, GrantId, GrantRecord, GrantStore, LiveGrant, NewGrant, Previous, Rotation,
};
pub use scope_policy::{Granting, ScopePolicy};
pub use sessions::{LiveSession, NewSession, Opened, SessionEntry, SessionRecord, SessionStore};
