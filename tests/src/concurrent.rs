//! Concurrent requests.

use std::future::Future;

use crate::Answer;

/// Runs all jobs at once, each in its own task, and collects their results.
pub async fn concurrently<T: Send + 'static>(
    jobs: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let running: Vec<_> = jobs.into_iter().map(tokio::spawn).collect();
    let mut answers = Vec::new();
    for job in running {
        answers.push(job.await.unwrap());
    }
    answers
}

/// The number of answers with this status.
pub fn count_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}
