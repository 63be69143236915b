//! Recognising: who a request with an access token comes from.

use chrono::{DateTime, Utc};
use tracing::info;

use super::Tokens;
use super::access::{Access, Judged};
use super::trusted::Known;
use crate::model::{Account, AuthUser, Presented, Scopes};
use crate::ports::{GrantId, StoreError};

/// Who a request comes from, by its bearer token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BearerVisit<U: AuthUser> {
    /// Whose token it is.
    pub account: Account<U>,
    /// What it may be used for, less what the account would not get any more.
    pub scopes: Scopes,
    /// What it stands on.
    pub grant: GrantId,
    /// When the owner signed in for it, however often it was refreshed since.
    pub signed_in_at: DateTime<Utc>,
    /// When the token was issued.
    pub issued_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// What a bearer token turns out to be.
pub type BearerOutcome<U> = Presented<BearerVisit<U>>;

impl<U: AuthUser> Tokens<U> {
    /// Who a request with this access token comes from.
    ///
    /// One look-up by key, or none where tokens are
    /// [trusted](super::BearerConfig::trust_until_expiry) and this one was seen before.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn authenticate(&self, token: &str) -> Result<BearerOutcome<U>, StoreError> {
        let now = self.clock.now();
        let access = match self.access.judge(token, now) {
            Judged::Valid(access) => access,
            Judged::Expired => return Ok(Presented::Dead),
            Judged::Invalid => return Ok(Presented::Broken),
        };
        if let Some(known) = self.trusted.as_ref().and_then(|trusted| trusted.get(&access)) {
            return self.visit(known, access).await;
        }
        let Some(live) = self.store.find_grant(&access.grant, now).await? else {
            return Ok(Presented::Dead);
        };
        let account = live.account;
        if !account.is_active() {
            self.end_disabled(&account, &access.grant, now).await?;
            return Ok(Presented::Dead);
        }
        if self.end_of(&live.grant).is_some_and(|ends_at| ends_at <= now) {
            self.store.end_grant(&access.grant).await?;
            return Ok(Presented::Dead);
        }
        // Its key is compared as text: there is one spelling, and nothing to be out of range.
        let is_named = account.user.id().to_string() == access.subject
            && account.version == access.version
            && account.epoch == access.epoch;
        if !is_named {
            return Ok(Presented::Dead);
        }
        let known = Known { account, signed_in_at: live.grant.created_at };
        if let Some(trusted) = &self.trusted {
            trusted.put(&access, &known, now);
        }
        self.visit(known, access).await
    }

    /// Ends what a disabled account has.
    pub(super) async fn end_disabled(
        &self,
        account: &Account<U>,
        grant: &GrantId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let account = account.user.id();
        info!(%account, %grant, "bearer token refused, and all there is ended: account disabled");
        self.store.end_all_of_disabled(account, now).await
    }

    async fn visit(
        &self,
        Known { account, signed_in_at }: Known<U>,
        access: Access,
    ) -> Result<BearerOutcome<U>, StoreError> {
        Ok(Presented::Live(BearerVisit {
            scopes: self.granted(&account, &access.scopes).await?,
            account,
            signed_in_at,
            grant: access.grant,
            issued_at: access.issued_at,
            expires_at: access.expires_at,
        }))
    }
}
