//! The client that a task works for, so that each event has it without a parameter of every flow.

use super::ClientInfo;

tokio::task_local! {
    static CLIENT: ClientInfo;
}

/// Runs a flow for a client: its [events](crate::event::Event) carry the client's address and user agent.
///
/// The routes of the library do this. Plain calls in the app's own handlers can:
///
/// ```
/// # use crudauth_core::model::for_client;
/// # use crudauth_core::model::ClientInfo;
/// # async fn f(flow: impl Future<Output = ()>) {
/// let client = ClientInfo::new("192.0.2.7".parse().ok(), Some("curl/8".to_owned()));
/// for_client(client, flow).await;
/// # }
/// ```
pub async fn for_client<F: Future>(client: ClientInfo, flow: F) -> F::Output {
    CLIENT.scope(client, flow).await
}

impl ClientInfo {
    /// The client of the current task; an unknown one outside of [`for_client`].
    pub(crate) fn current() -> Self {
        CLIENT.try_with(Self::clone).unwrap_or_default()
    }
}

/// Keeps the client of the current task for a flow that another task runs.
pub(crate) fn in_this_client<F: Future>(flow: F) -> impl Future<Output = F::Output> {
    for_client(ClientInfo::current(), flow)
}
