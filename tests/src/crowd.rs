//! Many at once.

use std::future::Future;

use crate::Answer;

/// Runs all jobs at the same time, each as a task of its own, and collects what they answer.
pub async fn at_once<T: Send + 'static>(
    jobs: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let running: Vec<_> = jobs.into_iter().map(tokio::spawn).collect();
    let mut answers = Vec::new();
    for job in running {
        answers.push(job.await.unwrap());
    }
    answers
}

/// How many of the answers have that status.
pub fn count_of(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}
