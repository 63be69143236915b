//! Using a link.

use tracing::info;

use super::Recovery;
use crate::model::{Account, AuthUser, Digest, EmailAddress, Mistake, Token};
use crate::notify::MessageKind;
use crate::password::{Busy, Password, judge};
use crate::ports::{Consumed, OneTimeToken, Purpose, StoreError};

/// A link was used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Confirmed {
    /// Where to go on to: a path of the app's site, if the request named one.
    pub redirect_to: Option<String>,
}

/// Why a link did nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfirmError {
    /// It is none of ours, has expired, or what it was bound to has changed.
    #[error("invalid or expired token")]
    Invalid,
    /// It was used before.
    #[error("token already used")]
    Used,
    /// The new password is refused; the link still works.
    #[error("the new password has mistakes")]
    Password(Vec<Mistake>),
    /// Another account has the new address by now; the link still works.
    #[error("the address is taken")]
    AddressTaken,
    /// Too many passwords are waiting to be hashed; the link still works.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store failed.
    #[error("the account store failed")]
    Store(#[from] StoreError),
}

/// A token that is still good, as far as a look can tell.
struct Live<U: AuthUser> {
    digest: Digest,
    token: OneTimeToken,
    account: Account<U>,
}

impl<U: AuthUser> Recovery<U> {
    /// Proves the address or number that the token was sent to.
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub async fn confirm_verification(&self, token: &str) -> Result<Confirmed, ConfirmError> {
        let live = self.look(token, Purpose::Verify).await?;
        let accounts = &self.0.accounts;
        let done =
            accounts.confirm_address(&live.digest, &live.token, &live.account, self.now()).await?;
        finish(done, &live, "address verified")
    }

    /// Chooses a new password: every session and bearer token of the account ends, and its other
    /// links die. The owner gets a notice.
    ///
    /// # Errors
    /// [`ConfirmError`]; a refused password does not use the link up.
    pub async fn confirm_reset(
        &self,
        token: &str,
        password: &Password,
    ) -> Result<Confirmed, ConfirmError> {
        let live = self.look(token, Purpose::Reset).await?;
        judge(&self.0.policy, password, &live.account.names(), "new_password")
            .await
            .map_err(ConfirmError::Password)?;
        let hash = self.0.hashing.hash(password).await?;
        let now = self.now();
        let done = self
            .0
            .accounts
            .reset_password(&live.digest, &live.token, &live.account, &hash, now)
            .await?;
        let confirmed = finish(done, &live, "password reset")?;
        // The reset has happened, whether or not this does.
        if let Err(error) = self.0.lockout.lift(&live.account, now).await {
            error.log("lifting a lock");
        }
        self.notify_account(MessageKind::PasswordChanged, &live.account);
        Ok(confirmed)
    }

    /// Moves the account to the address that the link was mailed to. The old address gets a
    /// notice.
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub async fn confirm_change(&self, token: &str) -> Result<Confirmed, ConfirmError> {
        let live = self.look(token, Purpose::Change).await?;
        let accounts = &self.0.accounts;
        let done =
            accounts.move_address(&live.digest, &live.token, &live.account, self.now()).await?;
        let confirmed = finish(done, &live, "address changed")?;
        if let Ok(old) = EmailAddress::parse(&live.token.bound_to) {
            self.notify(MessageKind::EmailChanged, old.into());
        }
        Ok(confirmed)
    }

    async fn look(&self, token: &str, purpose: Purpose) -> Result<Live<U>, ConfirmError> {
        let token = Token::parse(token).ok_or(ConfirmError::Invalid)?;
        for keys in self.0.keys.all() {
            let digest = keys.one_time.token(&token);
            let found = self.0.accounts.one_time_token(&digest, purpose, self.now()).await?;
            let Some((token, account)) = found else { continue };
            return match token.is_used {
                true => Err(ConfirmError::Used),
                false => Ok(Live { digest, token, account }),
            };
        }
        info!(purpose = purpose.as_str(), "link refused: invalid or expired");
        Err(ConfirmError::Invalid)
    }
}

fn finish<U: AuthUser>(
    consumed: Consumed,
    live: &Live<U>,
    what: &'static str,
) -> Result<Confirmed, ConfirmError> {
    let account = live.account.user.id();
    match consumed {
        Consumed::Done => {
            info!(%account, "{what}");
            Ok(Confirmed { redirect_to: live.token.redirect_to.clone() })
        }
        Consumed::Spent => Err(ConfirmError::Used),
        Consumed::Taken => Err(ConfirmError::AddressTaken),
    }
}
