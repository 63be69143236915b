//! Takes a ticket.

use super::{Holder, Stored, Tickets};
use crate::model::{AuthUser, ChallengeToken, FamilyId, Scopes, SessionDigest};
use crate::principal::Principal;
use crate::store_error::StoreError;

impl<U: AuthUser> Tickets<U> {
    /// Takes a ticket for this path, and returns the principal of the credential that it stands for,
    /// as that credential is now. Of any number of calls at once exactly one gets it.
    ///
    /// Returns `None` if the ticket is unknown, expired, used or for another path, or if its session
    /// or token family has ended. A ticket for another path stays.
    ///
    /// # Errors
    /// If a store fails.
    pub async fn redeem(
        &self,
        ticket: &str,
        path: &str,
    ) -> Result<Option<Principal<U>>, StoreError> {
        let Some(token) = ChallengeToken::parse(ticket) else { return Ok(None) };
        let (digest, now) = (token.digest(), self.kit.now());
        // The store has challenges of other kinds as well, which this must not take.
        let Some(value) = self.challenges.find(&digest, now).await? else { return Ok(None) };
        let Ok(stored) = serde_json::from_slice::<Stored>(&value) else { return Ok(None) };
        if stored.ticket_path != path || self.challenges.take(&digest, now).await?.is_none() {
            return Ok(None);
        }
        match stored.ticket_of {
            Holder::Session(digest) => {
                let bytes = hex::decode(digest).unwrap_or_default();
                match SessionDigest::from_bytes(&bytes) {
                    Some(digest) => self.sessions.resume(&digest).await,
                    None => Ok(None),
                }
            }
            Holder::Tokens { family, scopes } => match FamilyId::parse(&family) {
                Some(family) => self.tokens.resume(&family, &Scopes::parse(&scopes)).await,
                None => Ok(None),
            },
        }
    }
}
