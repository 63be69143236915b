//! Takes over the second factors of crudauth-py: columns of the user table, whose secrets are
//! encrypted with Fernet.
//!
//! Without it an account would lose its second factor by the move, and its password alone would sign
//! in. So an app with such accounts does not start before all of them are taken over.

use async_trait::async_trait;
use data_encoding::BASE32_NOPAD;
use tracing::{error, info};
use zeroize::Zeroizing;

use super::Mfa;
use super::store::Enrolment;
use crate::model::{Account, AuthUser, RecoveryCodeDigest};
use crate::store_error::StoreError;
use crate::unmounted::port;

/// A column of crudauth-py that shows that a user table may have its second factors.
pub const CONFIRMED_AT: &str = "totp_confirmed_at";

port! {
/// Reads the second factors of crudauth-py in the user table, and moves them.
///
/// Each verb is one atomic effect.
pub trait CrudauthPyFactors<U> {
    /// Returns every confirmed factor in the columns of crudauth-py.
    async fn crudauth_py_factors(&self) -> Result<Vec<CrudauthPyFactor<U::Id>>, StoreError>;

    /// Empties these columns of an account, and stores the enrolment unless the account has a factor
    /// already. Its credentials stay valid. Returns `false`, and changes nothing, if the columns are
    /// empty by now.
    async fn take_over(
        &self,
        account: &Account<U>,
        enrolment: &Enrolment,
    ) -> Result<bool, StoreError>;
}
}

/// A confirmed factor as crudauth-py stores it.
#[derive(Clone)]
pub struct CrudauthPyFactor<Id> {
    /// The key of its account.
    pub account: Id,
    /// The secret in base32, encrypted.
    pub secret: Option<String>,
    /// The last step whose code was accepted.
    pub last_step: Option<i64>,
    /// The SHA-256 digests of the recovery codes: a JSON list of hexadecimal texts.
    pub recovery_codes: Option<String>,
}

impl<Id> std::fmt::Debug for CrudauthPyFactor<Id> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CrudauthPyFactor(..)")
    }
}

impl<U: AuthUser> Mfa<U> {
    /// Moves every second factor of crudauth-py that a key decrypts. Returns how many are left.
    ///
    /// # Errors
    /// If the store fails.
    #[doc(hidden)]
    pub async fn take_over(&self, store: &dyn CrudauthPyFactors<U>) -> Result<u64, StoreError> {
        let mut taken = 0_u64;
        let mut left = 0_u64;
        for factor in store.crudauth_py_factors().await? {
            let Some(account) = self.kit.accounts.by_id(&factor.account).await? else { continue };
            let Some(enrolment) = self.enrolment_of(&account, &factor)? else {
                left += 1;
                error!(account = %factor.account, "no key decrypts a second factor of crudauth-py");
                continue;
            };
            taken += u64::from(store.take_over(&account, &enrolment).await?);
        }
        if taken > 0 {
            info!(taken, "second factors of crudauth-py were taken over");
        }
        Ok(left)
    }

    /// The factor under a key of the library; `None` if no key decrypts it.
    fn enrolment_of(
        &self,
        account: &Account<U>,
        factor: &CrudauthPyFactor<U::Id>,
    ) -> Result<Option<Enrolment>, StoreError> {
        let token = factor.secret.as_deref().unwrap_or_default();
        let secret = self.config.fernet_keys().find_map(|key| key.open(token));
        let Some(secret) = secret.and_then(|base32| decoded(&base32)) else { return Ok(None) };
        Ok(Some(Enrolment {
            secret: self.kit.keys.seal(&account.counter_key(), &secret)?,
            step: factor.last_step.unwrap_or_default(),
            recovery_codes: digests(factor.recovery_codes.as_deref().unwrap_or("[]")),
            now: self.kit.now(),
        }))
    }
}

fn decoded(base32: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    BASE32_NOPAD.decode(base32).ok().map(Zeroizing::new)
}

/// Texts that are no digest match no code, so they are left out.
fn digests(list: &str) -> Vec<RecoveryCodeDigest> {
    let texts: Vec<String> = serde_json::from_str(list).unwrap_or_default();
    let digests = texts.iter().filter_map(|text| hex::decode(text).ok());
    digests.filter_map(|bytes| RecoveryCodeDigest::from_bytes(&bytes)).collect()
}
