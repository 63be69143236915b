//! What is still to be done once a request is answered.
//!
//! The queue is in memory: what waits in it when the process dies is not sent. It stands behind
//! this one type, so that it can become durable without anyone above noticing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tracing::{error, warn};

crate::settings! {
    /// How much is done at once, and how much may wait.
    #[derive(Clone, Copy, Debug)]
    pub struct BackgroundConfig {
        /// How many jobs run at once (default 8).
        at_once: u32 = 8,
        /// How many may wait, beyond which new ones are dropped and logged (default 10,000).
        waiting: u32 = 10_000,
        /// How long one may take, beyond which it is given up and logged (default 30 s).
        time_limit: Duration = Duration::from_secs(30),
    }
}

/// Runs jobs after the answer. Clones share one queue.
#[derive(Clone, Debug)]
pub struct Background {
    config: BackgroundConfig,
    runners: Arc<Semaphore>,
    jobs: Arc<Jobs>,
}

/// What was taken and is not done yet.
#[derive(Debug, Default)]
struct Jobs {
    count: AtomicU32,
    /// Who may still bring some.
    guards: AtomicU32,
    ended: Notify,
}

/// Somebody who may still bring jobs, until it is dropped.
#[derive(Debug)]
pub struct TaskGuard(Arc<Jobs>);

impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.0.guards.fetch_sub(1, Ordering::SeqCst);
        self.0.ended.notify_waiters();
    }
}

/// One of them; it ends however it ends, a panic included.
struct Job(Arc<Jobs>);

impl Drop for Job {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::SeqCst);
        self.0.ended.notify_waiters();
    }
}

impl BackgroundConfig {
    /// What is wrong with the settings, each in a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if self.at_once == 0 {
            mistakes.push("background jobs: `at_once` must be at least 1".to_owned());
        }
        if self.time_limit.is_zero() {
            mistakes.push("background jobs: `time_limit` must be longer than nothing".to_owned());
        }
        mistakes
    }
}

impl Background {
    /// An empty queue.
    #[must_use]
    pub fn new(config: BackgroundConfig) -> Self {
        let runners = Arc::new(Semaphore::new(config.at_once as usize));
        Self { config, runners, jobs: Arc::default() }
    }

    /// Takes a job. `what` names it in the log, and tells nothing of its content.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn spawn(&self, what: &'static str, job: impl Future<Output = ()> + Send + 'static) {
        let room = self.config.waiting.saturating_add(self.config.at_once);
        let before = self.jobs.count.fetch_add(1, Ordering::SeqCst);
        let counted = Job(Arc::clone(&self.jobs));
        if before >= room {
            error!(what, "background job dropped: queue full");
            return;
        }
        let (runners, limit) = (Arc::clone(&self.runners), self.config.time_limit);
        tokio::spawn(async move {
            let _counted = counted;
            // The semaphore is never closed.
            let Ok(_runner) = runners.acquire().await else { return };
            if tokio::time::timeout(limit, job).await.is_err() {
                warn!(what, limit_s = limit.as_secs(), "background job timed out");
            }
        });
    }

    /// Has [`drained`](Self::drained) wait for somebody who may still bring jobs.
    #[must_use]
    pub fn guard(&self) -> TaskGuard {
        self.jobs.guards.fetch_add(1, Ordering::SeqCst);
        TaskGuard(Arc::clone(&self.jobs))
    }

    /// Waits until nobody brings anything any more, and everything that was taken is done or given
    /// up, also what is taken meanwhile: before a process ends, and in tests.
    pub async fn drained(&self) {
        loop {
            let ended = self.jobs.ended.notified();
            // In this order: who has brought its last job has left after that was counted.
            let is_brought = self.jobs.guards.load(Ordering::SeqCst) == 0;
            if is_brought && self.jobs.count.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Background {
        Background::new(BackgroundConfig {
            at_once: 1,
            waiting: 1,
            time_limit: Duration::from_secs(5),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_hanging_job_is_given_up_and_the_next_one_runs() {
        let (outbox, done) = (small(), Arc::new(AtomicU32::new(0)));
        outbox.spawn("hangs", std::future::pending());
        let count = Arc::clone(&done);
        outbox.spawn("runs", async move {
            let _ = count.fetch_add(1, Ordering::SeqCst);
        });
        outbox.drained().await;
        assert_eq!(done.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_may_still_bring_something_is_waited_for() {
        let (outbox, done) = (small(), Arc::new(AtomicU32::new(0)));
        let (bringing, queue, count) = (outbox.guard(), outbox.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            queue.spawn("runs", async move {
                let _ = count.fetch_add(1, Ordering::SeqCst);
            });
            drop(bringing);
        });
        outbox.drained().await;
        assert_eq!(done.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_fit_is_dropped_and_nothing_grows() {
        let (outbox, done) = (small(), Arc::new(AtomicU32::new(0)));
        for _ in 0..5 {
            let count = Arc::clone(&done);
            outbox.spawn("runs", async move {
                let _ = count.fetch_add(1, Ordering::SeqCst);
            });
        }
        outbox.drained().await;
        assert_eq!(done.load(Ordering::SeqCst), 2);
    }
}
