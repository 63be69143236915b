//! Shows the address of a link before its use.

use super::EmailLogin;
use crate::model::{AuthUser, OneTimeToken};
use crate::slices::recovery::ConfirmError;
use crate::store_error::StoreError;

impl<U: AuthUser> EmailLogin<U> {
    /// Returns a part of the address that a link was sent to, such as `a…@example.com`; `None` for a
    /// link that does not sign in. Spends nothing.
    ///
    /// A page shows it before the click: a stranger may have sent a link to an account of the stranger.
    ///
    /// # Errors
    /// If a store fails.
    pub async fn addressee(&self, link: &str) -> Result<Option<String>, StoreError> {
        let Some(token) = OneTimeToken::parse(link) else { return Ok(None) };
        let digest = token.digest();
        match self.0.parts.recovery.find_login(&digest).await {
            Ok(found) => Ok(found.account.contact().map(|contact| masked(contact.as_str()))),
            Err(ConfirmError::Store(error)) => Err(error),
            Err(ConfirmError::Invalid) if self.0.config.creates_accounts => {
                Ok(self.invited(&digest).await?.map(|invited| masked(&invited.invited)))
            }
            Err(
                ConfirmError::Invalid
                | ConfirmError::Used
                | ConfirmError::AlreadyDone
                | ConfirmError::Password(_)
                | ConfirmError::AddressTaken
                | ConfirmError::Busy(_),
            ) => Ok(None),
        }
    }
}

/// The first character of an address and its domain.
fn masked(address: &str) -> String {
    let (name, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = name.chars().take(1).collect();
    format!("{first}…@{domain}")
}
