//! Jobs that run after the answer.
//!
//! The queue is in memory: jobs that wait in it are lost when the process dies.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::Semaphore;
use tokio::task::unconstrained;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::{error, warn};

use crate::model::in_this_client;

/// Number of jobs that run at the same time.
const MAX_CONCURRENT: usize = 8;
/// Number of jobs that may wait; further ones are dropped and logged.
const MAX_QUEUED: usize = 10_000;
/// Longest run time of a job, after which it is cancelled and logged.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Runs jobs after the answer. Clones share one queue.
#[derive(Clone, Debug)]
pub struct Background {
    max_jobs: usize,
    time_limit: Duration,
    runners: Arc<Semaphore>,
    /// Jobs that run or wait, each counted until it has ended, by a panic too.
    jobs: TaskTracker,
    /// Tasks that may still add jobs.
    guards: TaskTracker,
}

impl Default for Background {
    fn default() -> Self {
        Self::with_limits(MAX_CONCURRENT, MAX_QUEUED, TIME_LIMIT)
    }
}

impl Background {
    fn with_limits(max_concurrent: usize, max_queued: usize, time_limit: Duration) -> Self {
        let jobs = TaskTracker::new();
        let guards = TaskTracker::new();
        // A closed tracker still counts. Only a closed one can be waited for.
        jobs.close();
        guards.close();
        let runners = Arc::new(Semaphore::new(max_concurrent));
        Self { max_jobs: max_concurrent + max_queued, time_limit, runners, jobs, guards }
    }

    /// A queue whose jobs run in order.
    pub(crate) fn one_by_one() -> Self {
        Self::with_limits(1, MAX_QUEUED, TIME_LIMIT)
    }

    /// A queue for jobs that have a time limit of their own.
    pub(crate) fn without_time_limit() -> Self {
        Self::with_limits(MAX_CONCURRENT, MAX_QUEUED, Duration::MAX)
    }

    /// Queues a job for the client of the current task. `what` names it in the log and reveals
    /// nothing of its content.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn spawn(&self, what: &'static str, job: impl Future<Output = ()> + Send + 'static) {
        self.spawn_boxed(what, Box::pin(in_this_client(job)));
    }

    /// Behind a pointer, since tokio would compile a task for each kind of job.
    fn spawn_boxed(&self, what: &'static str, job: BoxFuture<'static, ()>) {
        let counted = self.jobs.token();
        if self.jobs.len() > self.max_jobs {
            error!(what, "background job dropped: queue full");
            return;
        }
        let mut runner = Box::pin(Arc::clone(&self.runners).acquire_owned());
        // Tasks start in any order, so a job takes its place in the line here.
        let at_once = unconstrained(&mut runner).now_or_never();
        let limit = self.time_limit;
        tokio::spawn(async move {
            let _counted = counted;
            let acquired = match at_once {
                Some(acquired) => acquired,
                None => runner.await,
            };
            // The semaphore is never closed.
            let Ok(_runner) = acquired else { return };
            if tokio::time::timeout(limit, job).await.is_err() {
                warn!(what, limit_s = limit.as_secs(), "background job timed out");
            }
        });
    }

    /// Makes [`drained`](Self::drained) wait for a task that may still add jobs, until the guard is
    /// dropped.
    pub fn guard(&self) -> TaskTrackerToken {
        self.guards.token()
    }

    /// Waits until no task adds jobs any more and every job has ended: before a process ends, and in
    /// tests.
    pub async fn drained(&self) {
        // In this order: a task drops its guard after its last job was counted.
        while !(self.guards.is_empty() && self.jobs.is_empty()) {
            self.guards.wait().await;
            self.jobs.wait().await;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn small() -> Background {
        Background::with_limits(1, 1, Duration::from_secs(5))
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

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn jobs_of_a_queue_run_in_the_order_of_their_spawning() {
        let (queue, done) = (Background::one_by_one(), Arc::new(Mutex::new(Vec::new())));
        let (spawning, list) = (queue.clone(), Arc::clone(&done));
        // A worker starts the last task that it spawned before the others.
        let task = tokio::spawn(async move {
            for number in 0..100 {
                let list = Arc::clone(&list);
                spawning.spawn("counts", async move { list.lock().unwrap().push(number) });
            }
        });
        task.await.unwrap();
        queue.drained().await;
        assert_eq!(*done.lock().unwrap(), (0..100).collect::<Vec<_>>());
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
