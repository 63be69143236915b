//! What is known of the client of a request.

use super::ClientAddress;

/// Longest part of a user agent that is stored.
const USER_AGENT_CHARS: usize = 512;

/// Address and user agent of a client, for lists of sessions and for counting.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClientInfo {
    /// Address of the client, if it is known.
    pub address: Option<ClientAddress>,
    /// `User-Agent` header of the client.
    pub user_agent: Option<String>,
}

impl ClientInfo {
    /// Creates it from an address and a user agent.
    #[must_use]
    pub fn new(address: Option<ClientAddress>, user_agent: Option<String>) -> Self {
        Self { address, user_agent }
    }

    /// The part of the user agent that is stored.
    pub(crate) fn stored_user_agent(&self) -> Option<String> {
        let agent = self.user_agent.as_ref()?;
        Some(agent.chars().take(USER_AGENT_CHARS).collect())
    }
}
