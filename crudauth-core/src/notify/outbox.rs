//! The queue of background jobs, such as messages.
//!
//! Jobs run after the response, so that a slow sender delays no request. The queue is in memory: jobs
//! that wait when the process ends are lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tracing::{error, warn};

/// Number of jobs that run at the same time.
const MAX_CONCURRENT: u32 = 8;
/// Number of jobs that may wait; further ones are dropped and logged.
const MAX_QUEUED: u32 = 10_000;
/// Time after which a running job is cancelled and logged.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Runs background jobs. Clones share one queue.
#[derive(Clone, Debug)]
pub struct Outbox {
    max_jobs: u32,
    time_limit: Duration,
    runners: Arc<Semaphore>,
    jobs: Arc<Jobs>,
}

/// Unfinished jobs.
#[derive(Debug, Default)]
struct Jobs {
    count: AtomicU32,
    /// Tasks that may still enqueue jobs.
    tasks: AtomicU32,
    ended: Notify,
}

/// A task that may enqueue jobs, until this guard is dropped.
#[derive(Debug)]
pub struct TaskGuard(Arc<Jobs>);

impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.0.tasks.fetch_sub(1, Ordering::SeqCst);
        self.0.ended.notify_waiters();
    }
}

/// Counts a job until it is dropped, also by a panic.
struct JobGuard(Arc<Jobs>);

impl Drop for JobGuard {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::SeqCst);
        self.0.ended.notify_waiters();
    }
}

impl Default for Outbox {
    fn default() -> Self {
        Self::with_limits(MAX_CONCURRENT, MAX_QUEUED, TIME_LIMIT)
    }
}

impl Outbox {
    fn with_limits(max_concurrent: u32, max_queued: u32, time_limit: Duration) -> Self {
        Self {
            max_jobs: max_concurrent + max_queued,
            time_limit,
            runners: Arc::new(Semaphore::new(max_concurrent as usize)),
            jobs: Arc::default(),
        }
    }

    /// Enqueues a job. `name` identifies it in the log and must not contain its data.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn enqueue(&self, name: &'static str, job: impl Future<Output = ()> + Send + 'static) {
        let before = self.jobs.count.fetch_add(1, Ordering::SeqCst);
        let counted = JobGuard(Arc::clone(&self.jobs));
        if before >= self.max_jobs {
            error!(job = name, "job dropped: outbox full");
            return;
        }
        let runners = Arc::clone(&self.runners);
        let limit = self.time_limit;
        tokio::spawn(async move {
            let _counted = counted;
            // `acquire` fails only if the semaphore is closed, and nothing closes it.
            let Ok(_runner) = runners.acquire().await else { return };
            if tokio::time::timeout(limit, job).await.is_err() {
                warn!(job = name, limit_s = limit.as_secs(), "job cancelled: time limit exceeded");
            }
        });
    }

    /// Registers a task that may enqueue jobs: [`drained`](Self::drained) waits for it.
    #[must_use]
    pub fn task(&self) -> TaskGuard {
        self.jobs.tasks.fetch_add(1, Ordering::SeqCst);
        TaskGuard(Arc::clone(&self.jobs))
    }

    /// Waits until all jobs have ended, including jobs enqueued meanwhile. Called before a process
    /// ends, and in tests.
    pub async fn drained(&self) {
        loop {
            let ended = self.jobs.ended.notified();
            // Tasks first: a task counts its last job before it ends.
            let is_idle = self.jobs.tasks.load(Ordering::SeqCst) == 0;
            if is_idle && self.jobs.count.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Outbox {
        Outbox::with_limits(1, 1, Duration::from_secs(5))
    }

    #[tokio::test(start_paused = true)]
    async fn a_hanging_job_is_cancelled_and_the_next_one_runs() {
        let outbox = small();
        let done = Arc::new(AtomicU32::new(0));
        outbox.enqueue("hangs", std::future::pending());
        let count = Arc::clone(&done);
        outbox.enqueue("runs", async move {
            let _ = count.fetch_add(1, Ordering::SeqCst);
        });
        outbox.drained().await;
        assert_eq!(done.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn draining_waits_for_tasks_that_may_enqueue() {
        let outbox = small();
        let done = Arc::new(AtomicU32::new(0));
        let task = outbox.task();
        let queue = outbox.clone();
        let count = Arc::clone(&done);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            queue.enqueue("runs", async move {
                let _ = count.fetch_add(1, Ordering::SeqCst);
            });
            drop(task);
        });
        outbox.drained().await;
        assert_eq!(done.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn jobs_beyond_the_limit_are_dropped() {
        let outbox = small();
        let done = Arc::new(AtomicU32::new(0));
        for _ in 0..5 {
            let count = Arc::clone(&done);
            outbox.enqueue("runs", async move {
                let _ = count.fetch_add(1, Ordering::SeqCst);
            });
        }
        outbox.drained().await;
        assert_eq!(done.load(Ordering::SeqCst), 2);
    }
}
