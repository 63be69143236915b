//! The queues of events.

use super::Event;
use crate::notify::Background;

/// Two queues, one of them for rejections: strangers can cause any number of those, and they must not
/// push out other events.
#[derive(Clone)]
pub(super) struct Queues {
    rejections: Background,
    others: Background,
}

impl Queues {
    pub(super) fn new(queue: impl Fn() -> Background) -> Self {
        Self { rejections: queue(), others: queue() }
    }

    /// The queue of an event.
    pub(super) fn of(&self, event: &Event) -> &Background {
        if event.kind.is_rejection() { &self.rejections } else { &self.others }
    }

    /// Waits until both are empty.
    pub(super) async fn drained(&self) {
        self.rejections.drained().await;
        self.others.drained().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use chrono::DateTime;

    use super::*;
    use crate::event::EventKind;

    #[tokio::test]
    async fn a_flood_of_rejections_drops_no_other_event() {
        let queues = Queues::new(Background::one_by_one);
        let event = |kind| Event::new(kind, DateTime::UNIX_EPOCH);
        for _ in 0..10_100 {
            queues.of(&event(EventKind::SignInRejected)).spawn("waits", std::future::pending());
        }
        let is_done = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&is_done);
        let queue = queues.of(&event(EventKind::SessionElevated));
        queue.spawn("runs", async move { done.store(true, Ordering::SeqCst) });
        queue.drained().await;
        assert!(is_done.load(Ordering::SeqCst));
    }
}
