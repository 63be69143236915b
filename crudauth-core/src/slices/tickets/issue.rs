//! Issues a ticket.

use std::time::Duration;

use super::{Holder, Stored, TicketError, Tickets};
use crate::guard::challenges::ChallengeRecord;
use crate::model::{
    AuthUser, ChallengeToken, FieldError, FieldErrorKind, Form, InvalidField, RedirectPath,
};
use crate::principal::{AuthMethod, Credential, Principal};
use crate::store_error::StoreError;

/// A ticket, as the client gets it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedTicket {
    /// The secret for the URL. `Debug` does not show it.
    pub token: ChallengeToken,
    /// Lifetime of the ticket.
    pub expires_in: Duration,
}

impl<U: AuthUser> Tickets<U> {
    /// Reads the field `path` of a form: the path that a ticket is for, without a query.
    ///
    /// # Errors
    /// [`InvalidField`] if the field is missing, or not such a path.
    pub fn read(form: &mut Form) -> Result<RedirectPath, InvalidField> {
        let typed = form.text("path")?;
        let path = RedirectPath::parse(&typed).filter(|_| !typed.contains(['?', '#']));
        let message = "value is not a path of this site without a query";
        path.map_or_else(
            || form.reject(FieldError::new("path", FieldErrorKind::Value, message)),
            Ok,
        )
    }

    /// Issues a ticket for one path of the app, in the place of the principal's session or access
    /// token.
    ///
    /// # Errors
    /// [`TicketError`].
    pub async fn issue(
        &self,
        principal: &Principal<U>,
        path: &RedirectPath,
    ) -> Result<IssuedTicket, TicketError> {
        // The right to a ticket is not passed on, neither to an administrator nor to a program.
        principal.owned_account().map_err(|_| TicketError::NoSignIn)?;
        // A transport of the app's own may pass a credential on with fewer rights.
        let ticket_of = match (principal.method(), principal.credential()) {
            (AuthMethod::Session, Credential::Session(session)) => {
                Holder::Session(hex::encode(session.digest().as_bytes()))
            }
            (AuthMethod::Bearer, Credential::TokenFamily(family)) => Holder::Tokens {
                family: family.to_string(),
                scopes: principal.scopes().to_string(),
            },
            _ => return Err(TicketError::NoSignIn),
        };
        let stored = Stored { ticket_path: path.as_str().to_owned(), ticket_of };
        let token = ChallengeToken::generate();
        let now = self.kit.now();
        let expires_in = self.config.lifetime;
        let record = ChallengeRecord {
            digest: token.digest(),
            value: serde_json::to_vec(&stored).map_err(StoreError::failed)?,
            created_at: now,
            expires_at: now + expires_in,
        };
        self.challenges.insert(record).await?;
        Ok(IssuedTicket { token, expires_in })
    }
}
