//! Tasks of the runtime. tokio compiles much code for each kind of future that is spawned, so those that
//! depend on the user struct are spawned as one kind.

use std::error::Error;

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Runs a job in a task of its own.
///
/// # Panics
/// Outside a tokio runtime.
#[track_caller]
pub fn spawn(job: BoxFuture<'static, ()>) -> JoinHandle<()> {
    tokio::spawn(job)
}

/// Runs a flow in a task of its own, from the first poll on. It goes on without anyone who waits for
/// its result.
///
/// # Errors
/// If the flow panics, or the runtime shuts down.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn run<T: Send + 'static>(
    flow: BoxFuture<'static, T>,
) -> Result<T, Box<dyn Error + Send + Sync>> {
    let (sender, receiver) = oneshot::channel();
    let task = spawn(Box::pin(async move { drop(sender.send(flow.await)) }));
    // The task first: its error has the message of a panic.
    task.await?;
    Ok(receiver.await?)
}
