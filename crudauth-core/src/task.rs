//! Tasks of the runtime. tokio compiles much code for each kind of future that is spawned, so all are
//! spawned as one kind.

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::notify::BoxError;

/// Runs a job in a task of its own.
///
/// # Panics
/// Outside a tokio runtime.
pub fn spawn(job: BoxFuture<'static, ()>) -> JoinHandle<()> {
    tokio::spawn(job)
}

/// Runs a flow in a task of its own. It goes on without anyone who waits for its result.
///
/// # Errors
/// If the flow panics, or the runtime shuts down.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn run<T: Send + 'static>(flow: BoxFuture<'static, T>) -> Result<T, BoxError> {
    let (sender, receiver) = oneshot::channel();
    let task = spawn(Box::pin(async move { drop(sender.send(flow.await)) }));
    task.await?;
    Ok(receiver.await?)
}
