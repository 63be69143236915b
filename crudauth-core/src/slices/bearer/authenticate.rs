//! Checks the access token of a request.

use chrono::{DateTime, Utc};

use super::trusted::TokenOwner;
use super::{BearerTokens, FamilyId};
use crate::model::{AuthUser, Checked, Scopes};
use crate::principal::{Principal, absolute_expiry};
use crate::store_error::StoreError;

impl<U: AuthUser> BearerTokens<U> {
    /// Returns the principal of an access token.
    ///
    /// One query, or none where tokens are
    /// [trusted](super::BearerConfig::trust_until_expiry) and this one was checked before.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn authenticate(&self, token: &str) -> Result<Checked<Principal<U>>, StoreError> {
        let now = self.kit.now();
        let access = match self.access.verify(token, now) {
            Checked::Valid(access) => access,
            Checked::Expired => return Ok(Checked::Expired),
            Checked::Malformed => return Ok(Checked::Malformed),
        };
        if let Some(owner) = self.trusted.as_ref().and_then(|trusted| trusted.get(&access)) {
            return self.principal(owner, access.family, &access.scopes).await.map(Checked::Valid);
        }
        let Some(owner) = self.owner(&access.family, now).await? else {
            return Ok(Checked::Expired);
        };
        // The key is compared as text: there is one spelling, and no number out of range.
        let is_current = owner.account.user.id().to_string() == access.subject
            && owner.account.state() == access.state;
        if !is_current {
            return Ok(Checked::Expired);
        }
        if let Some(trusted) = &self.trusted {
            trusted.insert(&access, &owner, now);
        }
        self.principal(owner, access.family, &access.scopes).await.map(Checked::Valid)
    }

    /// Returns the principal of a token of this family with these scopes, which was checked before.
    pub(crate) async fn resume(
        &self,
        family: &FamilyId,
        scopes: &Scopes,
    ) -> Result<Option<Principal<U>>, StoreError> {
        let Some(owner) = self.owner(family, self.kit.now()).await? else { return Ok(None) };
        self.principal(owner, *family, scopes).await.map(Some)
    }

    /// Returns the owner of a family, if both still are as they were when it was issued.
    async fn owner(
        &self,
        id: &FamilyId,
        now: DateTime<Utc>,
    ) -> Result<Option<TokenOwner<U>>, StoreError> {
        let Some((family, account)) = self.store.find(id, now).await? else { return Ok(None) };
        if !account.is_active() {
            self.kit.revoke_disabled(&account).await?;
            return Ok(None);
        }
        let configured = self.config.absolute_timeout;
        let ends_at = absolute_expiry(family.created_at, family.ends_at, configured);
        if ends_at.is_some_and(|ends_at| ends_at <= now) {
            self.store.remove(id).await?;
            return Ok(None);
        }
        let is_current = account.state() == family.state;
        Ok(is_current.then_some(TokenOwner { account, signed_in_at: family.created_at }))
    }

    /// Returns `true` if the family still is valid: it is asked right before something lasting is
    /// stored on behalf of a token.
    pub(crate) async fn is_valid(&self, family: &FamilyId) -> Result<bool, StoreError> {
        let found = self.store.find(family, self.kit.now()).await?;
        // The rows of an earlier state may still be there.
        Ok(found.is_some_and(|(family, account)| {
            account.is_active() && family.state == account.state()
        }))
    }

    async fn principal(
        &self,
        TokenOwner { account, signed_in_at }: TokenOwner<U>,
        family: FamilyId,
        scopes: &Scopes,
    ) -> Result<Principal<U>, StoreError> {
        let scopes = self.effective_scopes(&account, scopes).await?;
        let principal = Principal::with_family(account, family);
        Ok(principal.with_sign_in(signed_in_at).with_scopes(scopes))
    }
}
