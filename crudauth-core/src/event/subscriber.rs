//! Hands events to the app.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::{error, warn};

use super::Event;
use super::queues::Queues;
use crate::notify::Background;

/// Longest time that a subscriber works on one event, after which it is cancelled and logged.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Receives the events of a mount, after their effects.
///
/// It runs after the change is stored, beside the request, and on a thread where it may block. An
/// error or a panic is its own: no request is delayed or fails by it. Several events run at once, so
/// their order is that of [`Event::at`]. Events that wait are lost when the process dies; the slice
/// `audit` stores them with their effects.
///
/// A closure implements it.
pub trait EventSubscriber: Send + Sync + 'static {
    /// Receives an event. The future is dropped after 30 seconds.
    fn on_event(&self, event: Event) -> impl Future<Output = ()> + Send;
}

impl<F: Fn(Event) + Send + Sync + 'static> EventSubscriber for F {
    async fn on_event(&self, event: Event) {
        self(event);
    }
}

/// Object-safe [`EventSubscriber`].
trait AnySubscriber: Send + Sync {
    fn on_event(&self, event: Event) -> BoxFuture<'_, ()>;
}

impl<S: EventSubscriber> AnySubscriber for S {
    fn on_event(&self, event: Event) -> BoxFuture<'_, ()> {
        Box::pin(EventSubscriber::on_event(self, event))
    }
}

/// The subscribers of a mount. Clones share the queue.
#[derive(Clone)]
pub struct Events {
    subscribers: Vec<Arc<dyn AnySubscriber>>,
    /// Queues of their own: a subscriber that hangs must not keep messages from being sent.
    queues: Queues,
}

impl Default for Events {
    fn default() -> Self {
        Self { subscribers: Vec::new(), queues: Queues::new(Background::without_time_limit) }
    }
}

impl Events {
    /// Adds a subscriber.
    pub fn subscribe(&mut self, subscriber: impl EventSubscriber) {
        self.subscribers.push(Arc::new(subscriber));
    }

    /// Waits until every subscriber is done with every event.
    pub async fn drained(&self) {
        self.queues.drained().await;
    }

    /// Queues an event for every subscriber.
    pub(crate) fn publish(&self, event: &Event) {
        let queue = self.queues.of(event);
        for subscriber in &self.subscribers {
            queue.spawn("event subscriber", run(Arc::clone(subscriber), event.clone()));
        }
    }
}

/// Runs a subscriber on a thread of its own. A thread that is blocked cannot be cancelled, so it
/// keeps its place in the queue until it returns.
async fn run(subscriber: Arc<dyn AnySubscriber>, event: Event) {
    let runtime = Handle::current();
    let work = spawn_blocking(move || {
        runtime.block_on(async {
            if timeout(TIME_LIMIT, subscriber.on_event(event)).await.is_err() {
                warn!(limit_s = TIME_LIMIT.as_secs(), "event subscriber timed out");
            }
        });
    });
    if work.await.is_err() {
        // Without the message of the panic, which is the app's.
        error!("event subscriber panicked");
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("subscribers", &self.subscribers.len()).finish()
    }
}
