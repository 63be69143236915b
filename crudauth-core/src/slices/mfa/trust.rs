//! Browsers that are not asked for the second factor, because their owner trusts them.
//!
//! The cookie of such a browser carries 256 random bits for each of its last accounts, made anew at
//! each trust, so that nobody can plant them. The store has the digests. A trust counts while the
//! account has the state that it was given in, and no longer than the present setting allows. It
//! proves nothing: no gate and no `sudo` sees it, and a session that it opened is fresh for nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Mfa;
use super::store::Trust;
use crate::event::EventKind;
use crate::model::{Account, AuthUser, ClientInfo, Device, TrustHandle, TrustToken};
use crate::notify::MessageKind;
use crate::principal::{OwnerError, Principal};
use crate::store_error::StoreError;

/// How many accounts of a browser may trust it at once; the least recent trust is dropped first.
const ACCOUNTS: usize = 4;

/// Values of the cookie that are read. A neighbouring site may set some of its own before the right
/// one.
const MAX_COOKIES: usize = 8;

/// The trust in a browser, to be sent to it. `Debug` does not show it.
#[derive(Clone)]
#[non_exhaustive]
pub struct BrowserTrust {
    /// Value of the cookie, with the trust of other accounts in the same browser.
    pub cookie: String,
    /// How long the trust lasts.
    pub lifetime: Duration,
}

crate::opaque::opaque!(BrowserTrust);

/// A trusted browser as its owner sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrustedBrowser {
    /// Public id.
    pub handle: TrustHandle,
    /// The browser, by its user agent.
    pub device: Device,
    /// When the trust was given.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// Whether it is the caller's own browser.
    pub is_current: bool,
}

impl<U: AuthUser> Mfa<U> {
    /// Trusts the browser of a client that has just proved both factors, if the settings allow it.
    /// `cookies` are those that it sent. A failure does not affect the sign-in.
    pub(crate) async fn trust(
        &self,
        account: &Account<U>,
        cookies: &[String],
        client: &ClientInfo,
    ) -> Option<BrowserTrust> {
        let lifetime = self.config.trusted_browsers?;
        let token = TrustToken::generate();
        let now = self.kit.now();
        let trust = Trust {
            digest: token.digest(),
            user_agent: client.stored_user_agent(),
            created_at: now,
            expires_at: now + lifetime,
        };
        let others = self.others(account, cookies).await;
        let event = self.kit.event(EventKind::BrowserTrusted).account(account).client(client);
        let event = event.credential(&trust.digest.handle());
        match self.kit.recording(event, self.trusts.trust(account, &trust)).await {
            Ok((event, ())) => {
                self.kit.emit(event);
                self.notify(MessageKind::BrowserTrusted, account);
                let kept = std::iter::once(token).chain(others);
                let kept: Vec<_> = kept.map(|token| token.expose().to_owned()).collect();
                Some(BrowserTrust { cookie: kept.join("."), lifetime })
            }
            Err(error) => {
                error.log("trusting a browser");
                None
            }
        }
    }

    /// The trust of other accounts in these cookies. That of this account is replaced, so it ends.
    async fn others(&self, account: &Account<U>, cookies: &[String]) -> Vec<TrustToken> {
        let mut others = Vec::new();
        for token in tokens(cookies).take(ACCOUNTS) {
            match self.trusts.distrust(account, &token.digest()).await {
                Ok(true) => {}
                Ok(false) => others.push(token),
                Err(error) => error.log("replacing the trust in a browser"),
            }
        }
        others.truncate(ACCOUNTS - 1);
        others
    }

    /// Returns the valid trust of the account that one of these cookies has.
    pub(crate) async fn trust_of(
        &self,
        account: &Account<U>,
        cookies: &[String],
    ) -> Result<Option<TrustHandle>, StoreError> {
        let sent: Vec<_> = tokens(cookies).map(|token| token.digest()).collect();
        if sent.is_empty() {
            return Ok(None);
        }
        let trusts = self.valid(account).await?;
        let found = trusts.iter().find(|trust| sent.contains(&trust.digest));
        Ok(found.map(|trust| trust.digest.handle()))
    }

    /// The trusts of the account, none of them longer than the setting allows now.
    async fn valid(&self, account: &Account<U>) -> Result<Vec<Trust>, StoreError> {
        let Some(lifetime) = self.config.trusted_browsers else { return Ok(Vec::new()) };
        let now = self.kit.now();
        let mut trusts = self.trusts.trusts(account, now).await?;
        for trust in &mut trusts {
            trust.expires_at = trust.expires_at.min(trust.created_at + lifetime);
        }
        trusts.retain(|trust| trust.expires_at > now);
        Ok(trusts)
    }

    /// Returns the trusted browsers of the principal's account, the newest first. `cookies` are those
    /// of the caller's browser.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn trusted_browsers(
        &self,
        principal: &Principal<U>,
        cookies: &[impl AsRef<str>],
    ) -> Result<Vec<TrustedBrowser>, OwnerError> {
        let account = principal.owned_account()?;
        let sent: Vec<_> = tokens(cookies).map(|token| token.digest()).collect();
        let trusts = self.valid(account).await?;
        let listed = |trust: Trust| TrustedBrowser {
            handle: trust.digest.handle(),
            device: Device::from_user_agent(trust.user_agent.as_deref()),
            created_at: trust.created_at,
            expires_at: trust.expires_at,
            is_current: sent.contains(&trust.digest),
        };
        Ok(trusts.into_iter().map(listed).collect())
    }

    /// Ends the trust of the principal's account in one browser. Returns `true` if there was one.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn distrust(
        &self,
        principal: &Principal<U>,
        handle: &TrustHandle,
    ) -> Result<bool, OwnerError> {
        let account = principal.owned_account()?;
        let trusts = self.trusts.trusts(account, self.kit.now()).await?;
        let mut digests = trusts.iter().map(|trust| trust.digest);
        let Some(digest) = digests.find(|digest| digest.handle() == *handle) else {
            return Ok(false);
        };
        let event = self.kit.event(EventKind::BrowserDistrusted).account(account);
        let distrust = self.trusts.distrust(account, &digest);
        let (event, is_ended) = self.kit.recording(event.credential(handle), distrust).await?;
        self.kit.emit(event.count(is_ended.into()));
        Ok(is_ended)
    }

    /// Ends the trust of the principal's account in every browser. Returns how many there were.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn distrust_all(&self, principal: &Principal<U>) -> Result<u64, OwnerError> {
        Ok(self.end_trust(principal.owned_account()?).await?)
    }

    /// Ends the trust of an account in every browser, as a part of an action that reports it.
    pub(crate) async fn forget_trusts(&self, account: &Account<U>) -> Result<(), StoreError> {
        self.trusts.distrust_all(account).await.map(drop)
    }

    /// Ends the trust of an account in every browser. Returns how many there were.
    pub(super) async fn end_trust(&self, account: &Account<U>) -> Result<u64, StoreError> {
        let event = self.kit.event(EventKind::BrowsersDistrusted).account(account);
        let distrust = self.trusts.distrust_all(account);
        let (event, ended) = self.kit.recording(event, distrust).await?;
        self.kit.emit(event.count(ended));
        Ok(ended)
    }
}

/// The secrets in these cookies. Cookies of another kind have none.
fn tokens(cookies: &[impl AsRef<str>]) -> impl Iterator<Item = TrustToken> {
    let parts = cookies.iter().flat_map(|cookie| cookie.as_ref().split('.').take(ACCOUNTS));
    parts.filter_map(TrustToken::parse).take(ACCOUNTS * MAX_COOKIES)
}
