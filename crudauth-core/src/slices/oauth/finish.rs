//! Takes the answer of a provider.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::DateTime;
use tracing::warn;
use zeroize::Zeroizing;

use super::provider::{AddressTrust, AuthorizationResponse, Connected, Identity, ProviderError};
use super::start::{Pending, nonce_of, seal_name};
use super::{OAuth, OAuthError};
use crate::event::EventKind;
use crate::model::{
    AuthUser, BrowserDigest, BrowserToken, ChallengeDigest, ChallengeToken, ClientInfo, Sealed,
    SessionToken,
};
use crate::principal::Principal;
use crate::slices::sign_in::{Binding, Entry, SignIn, SignedIn};

/// Longest field `user`.
const MAX_USER: usize = 1024;

/// The name under which the field `user` of a form is encrypted.
fn user_name(state: &ChallengeDigest) -> String {
    format!("oauth.user.{}", hex::encode(state.as_bytes()))
}

/// The answer of a provider, as the browser brings it. `Debug` does not show it.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Answer {
    /// The code.
    pub code: String,
    /// The state.
    pub state: String,
    /// The issuer (RFC 9207).
    pub issuer: Option<String>,
    /// The field `user` of a form, as [`OAuth::seal_user`] encrypted it.
    pub user: Option<String>,
    /// The values of the cookie of this state.
    pub browsers: Vec<BrowserToken>,
    /// The client.
    pub client: ClientInfo,
    /// Device cookies that the client sent.
    pub devices: Vec<String>,
    /// Cookies of a trusted browser that the client sent.
    pub trust_cookies: Vec<String>,
    /// The sessions that the client had so far; they are revoked.
    pub replaces: Vec<SessionToken>,
    /// The browser, if the account has a second factor.
    pub binding: Binding,
}

crate::opaque::opaque!(Answer);

/// Result of an answer.
#[derive(Clone, Debug)]
pub enum Finished<U: AuthUser> {
    /// The person is signed in, or needs another factor.
    SignedIn(SignedInWith<U>),
    /// The owner's account is connected.
    Connected {
        /// The page to go on to.
        redirect_to: Option<String>,
    },
}

/// A sign-in with a provider.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedInWith<U: AuthUser> {
    /// The sign-in.
    pub sign_in: SignIn<SignedIn<U>>,
    /// The page to go on to.
    pub redirect_to: Option<String>,
}

impl<U: AuthUser> OAuth<U> {
    /// Takes the answer of a provider. `principal` is the party that is signed in in the browser, if
    /// any: a connection is made only for the account that began it.
    ///
    /// # Errors
    /// [`OAuthError`]; the client's former session stays valid then.
    pub async fn finish(
        &self,
        provider: &str,
        answer: Answer,
        principal: Option<&Principal<U>>,
    ) -> Result<Finished<U>, OAuthError> {
        let connected = self.provider(provider)?;
        let (digest, pending) = self.take(provider, &answer).await?;
        let identity = self.identify(connected, &digest, &pending, &answer).await;
        let mut identity = identity.inspect_err(|error| self.log(provider, error))?;
        // Hooks get the identity, and no tokens.
        let tokens = identity.tokens.take().filter(|_| connected.keeps_tokens);
        let redirect_to = pending.redirect_to;
        if let Some((id, state)) = pending.connects {
            let owner = principal
                .filter(|owner| *owner.user().id() == id && owner.account().state() == state);
            let owner = owner.ok_or(OAuthError::Ended)?;
            self.connect_owner(provider, &identity, owner).await?;
            if let Some(tokens) = tokens {
                self.keep_tokens(owner.account(), &identity, (provider, &tokens)).await?;
            }
            return Ok(Finished::Connected { redirect_to });
        }
        let account = self.account_of(connected, &identity, &answer.client).await?;
        let Answer { client, devices, trust_cookies, replaces, binding, .. } = answer;
        let entry = Entry {
            client,
            devices,
            trust_cookies,
            replaces,
            binding,
            redirect_to: redirect_to.clone(),
            ..Entry::default()
        };
        let sign_in = self.parts.sign_in.enter_as(account.clone(), entry).await?;
        // The app has admitted the person.
        if let Some(tokens) = tokens {
            let tokens = (provider, &tokens);
            let kept = match &sign_in {
                SignIn::Done(_) => self.keep_tokens(&account, &identity, tokens).await,
                SignIn::Challenge(waiting) => self.hold_tokens(waiting, &identity, tokens).await,
            };
            if let Err(error) = kept {
                self.not_kept(&error);
            }
        }
        Ok(Finished::SignedIn(SignedInWith { sign_in, redirect_to }))
    }

    /// Takes the state of an answer, which then works no more. A state of another browser or another
    /// provider stays: a stranger cannot use up a sign-in.
    async fn take(
        &self,
        provider: &str,
        answer: &Answer,
    ) -> Result<(ChallengeDigest, Pending<U>), OAuthError> {
        let now = self.kit.now();
        let challenges = &self.parts.challenges;
        let state = ChallengeToken::parse(&answer.state).ok_or(OAuthError::InvalidState)?;
        let digest = state.digest();
        let found = challenges.find(&digest, now).await?.ok_or(OAuthError::InvalidState)?;
        // A form that another version of the app stored, or another slice.
        let pending: Pending<U> =
            serde_json::from_slice(&found).map_err(|_| OAuthError::InvalidState)?;
        let bytes = hex::decode(&pending.browser).ok();
        let bound = bytes.and_then(|bytes| BrowserDigest::from_bytes(&bytes));
        let is_browser = |bound| answer.browsers.iter().any(|sent| sent.digest() == bound);
        if pending.provider != provider || !bound.is_some_and(is_browser) {
            self.kit.emit(self.kit.event(EventKind::ProviderAnswerRejected));
            return Err(OAuthError::InvalidState);
        }
        challenges.take(&digest, now).await?.ok_or(OAuthError::InvalidState)?;
        Ok((digest, pending))
    }

    async fn identify(
        &self,
        connected: &Connected,
        digest: &ChallengeDigest,
        pending: &Pending<U>,
        answer: &Answer,
    ) -> Result<Identity, ProviderError> {
        let sealed = hex::decode(&pending.verifier).ok().map(Sealed::from_bytes);
        let verifier = sealed.and_then(|sealed| self.kit.keys.open(&seal_name(digest), &sealed));
        let verifier = verifier.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
        let reason = "the secret key has changed since the sign-in began";
        let verifier = verifier.ok_or(ProviderError::Unusable { endpoint: "callback", reason })?;
        let response = AuthorizationResponse {
            code: Zeroizing::new(answer.code.clone()),
            issuer: answer.issuer.clone(),
            redirect_uri: self.redirect_uri(&connected.name),
            nonce: nonce_of(&verifier),
            code_verifier: Zeroizing::new(verifier),
            user: answer.user.as_deref().and_then(|user| self.open_user(digest, user)),
            fresh_since: pending.fresh_since.and_then(DateTime::from_timestamp_millis),
            now: self.kit.now(),
        };
        let mut identity = connected.provider.identify(&*self.config.http, &response).await?;
        match connected.trust {
            AddressTrust::Never => identity.is_email_verified = false,
            AddressTrust::Verified => {}
            AddressTrust::Every => identity.is_email_verified = identity.email.is_some(),
        }
        Ok(identity)
    }

    /// Encrypts the field `user` of a form, so that the browser can bring it in a URL: a name belongs
    /// in no log of a proxy. Returns `None` for one of more than 1 KiB.
    #[must_use]
    pub fn seal_user(&self, state: &ChallengeToken, user: &str) -> Option<String> {
        let name = user_name(&state.digest());
        let short = Some(user).filter(|user| user.len() <= MAX_USER)?;
        let sealed = self.kit.keys.seal(&name, short.as_bytes()).ok()?;
        Some(BASE64.encode(sealed.as_bytes()))
    }

    fn open_user(&self, state: &ChallengeDigest, sealed: &str) -> Option<Zeroizing<String>> {
        let sealed = Sealed::from_bytes(BASE64.decode(sealed).ok()?);
        let user = self.kit.keys.open(&user_name(state), &sealed)?;
        String::from_utf8(user.to_vec()).ok().map(Zeroizing::new)
    }

    /// Logs why a provider proved nothing.
    pub(super) fn log(&self, provider: &str, error: &ProviderError) {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        warn!(provider, %error, cause, "sign-in with a provider failed");
    }
}
