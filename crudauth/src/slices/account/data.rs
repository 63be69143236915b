//! The data of an account in the slices, for its export. The database erases it with the account.

use std::sync::Arc;

use crudauth_core::model::AuthUser;
use crudauth_core::slices::account::{AccountData, BoxError, SharedData};
use crudauth_core::slices::api_keys::{self, ApiKeyConfig, ApiKeys};
use crudauth_core::slices::bearer::BearerTokens;
use crudauth_core::slices::mfa::Mfa;
#[cfg(feature = "oauth")]
use crudauth_core::slices::oauth;
#[cfg(feature = "passkeys")]
use crudauth_core::slices::passkeys;
use crudauth_core::slices::sessions::Sessions;
use serde_json::{Value, json};

#[cfg(feature = "oauth")]
use crate::slices::oauth as oauth_routes;
#[cfg(feature = "passkeys")]
use crate::slices::passkeys as passkey_routes;
use crate::slices::{Service, Wiring, api_keys as key_routes, bearer, mfa, sessions};
use crate::transport::Principal;

type Account<U> = crudauth_core::model::Account<U>;

/// The data in the mounted slices and in the app. That of the app comes last.
pub(super) fn of<U: AuthUser>(wiring: &Wiring<U>) -> Vec<SharedData<U>> {
    let keys = wiring.has(&api_keys::TABLE).then(|| {
        let keys = <crate::slice::ApiKeys as Service>::wire(wiring, ApiKeyConfig::default());
        SharedData::new(KeyData(keys))
    });
    let sessions = wiring.mounted_sessions().map(|slice| SharedData::new(SessionData(slice)));
    let tokens = wiring.mounted_tokens().map(|slice| SharedData::new(TokenData(slice)));
    let factors = wiring.mounted_mfa().map(|slice| SharedData::new(FactorData(slice)));
    #[cfg_attr(
        not(any(feature = "oauth", feature = "passkeys")),
        expect(unused_mut, reason = "only these slices are features")
    )]
    let mut slices = vec![sessions, tokens, keys, factors];
    #[cfg(feature = "passkeys")]
    slices.push(wiring.has(&passkeys::TABLE).then(|| {
        let store = Arc::clone(&wiring.database.passkeys);
        SharedData::new(PasskeyData(store))
    }));
    #[cfg(feature = "oauth")]
    slices.push(wiring.has(&oauth::CONNECTIONS).then(|| {
        let store = Arc::clone(&wiring.database.connections);
        SharedData::new(Connections(store))
    }));
    slices.into_iter().flatten().chain(wiring.data.iter().cloned()).collect()
}

#[cfg(feature = "passkeys")]
struct PasskeyData<U: AuthUser>(Arc<dyn passkeys::store::PasskeyStore<U>>);

#[cfg(feature = "passkeys")]
impl<U: AuthUser> AccountData<U> for PasskeyData<U> {
    fn name(&self) -> &'static str {
        "passkeys"
    }

    async fn export(&self, account: &Account<U>) -> Result<Value, BoxError> {
        let listed = self.0.list(account).await?;
        Ok(listed.iter().map(passkey_routes::entry).collect())
    }

    async fn erase(&self, _: &Account<U>) -> Result<(), BoxError> {
        Ok(())
    }
}

#[cfg(feature = "oauth")]
struct Connections<U: AuthUser>(Arc<dyn oauth::store::ConnectionStore<U>>);

#[cfg(feature = "oauth")]
impl<U: AuthUser> AccountData<U> for Connections<U> {
    fn name(&self) -> &'static str {
        "connections"
    }

    async fn export(&self, account: &Account<U>) -> Result<Value, BoxError> {
        let listed = self.0.list(account).await?;
        Ok(listed.iter().map(oauth_routes::entry).collect())
    }

    async fn erase(&self, _: &Account<U>) -> Result<(), BoxError> {
        Ok(())
    }
}

struct SessionData<U: AuthUser>(Arc<Sessions<U>>);

impl<U: AuthUser> AccountData<U> for SessionData<U> {
    fn name(&self) -> &'static str {
        "sessions"
    }

    async fn export(&self, account: &Account<U>) -> Result<Value, BoxError> {
        let listed = self.0.list(&Principal::application(account)).await?;
        Ok(listed.iter().map(sessions::entry).collect())
    }

    /// Another store than the database may hold them.
    async fn erase(&self, account: &Account<U>) -> Result<(), BoxError> {
        Ok(self.0.forget(account).await?)
    }
}

struct TokenData<U: AuthUser>(Arc<BearerTokens<U>>);

impl<U: AuthUser> AccountData<U> for TokenData<U> {
    fn name(&self) -> &'static str {
        "tokens"
    }

    async fn export(&self, account: &Account<U>) -> Result<Value, BoxError> {
        let listed = self.0.list(&Principal::application(account)).await?;
        Ok(listed.iter().map(bearer::entry).collect())
    }

    async fn erase(&self, _: &Account<U>) -> Result<(), BoxError> {
        Ok(())
    }
}

struct KeyData<U: AuthUser>(ApiKeys<U>);

impl<U: AuthUser> AccountData<U> for KeyData<U> {
    fn name(&self) -> &'static str {
        "api_keys"
    }

    async fn export(&self, account: &Account<U>) -> Result<Value, BoxError> {
        let listed = self.0.list(&Principal::application(account)).await?;
        Ok(listed.iter().map(key_routes::entry).collect())
    }

    async fn erase(&self, _: &Account<U>) -> Result<(), BoxError> {
        Ok(())
    }
}

struct FactorData<U: AuthUser>(Arc<Mfa<U>>);

impl<U: AuthUser> AccountData<U> for FactorData<U> {
    fn name(&self) -> &'static str {
        "factors"
    }

    async fn export(&self, account: &Account<U>) -> Result<Value, BoxError> {
        let owner = Principal::application(account);
        let status = self.0.status(&owner).await?;
        let browsers = self.0.trusted_browsers(&owner, &[""; 0]).await?;
        Ok(json!({
            "authenticator": status.is_enabled,
            "recovery_codes_remaining": status.recovery_codes,
            "trusted_browsers": browsers.iter().map(mfa::trusted).collect::<Vec<_>>(),
        }))
    }

    async fn erase(&self, _: &Account<U>) -> Result<(), BoxError> {
        Ok(())
    }
}
