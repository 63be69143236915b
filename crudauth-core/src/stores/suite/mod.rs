//! The promises of the store ports as tests.
//!
//! Every store of this library passes this suite. A store of your own passes it by one line in its
//! tests:
//!
//! ```
//! # use crudauth_core::stores::MemoryStore as MyStore;
//! # use crudauth_core::store_suite; // crudauth::testing::store_suite
//! /// Returns a fresh, empty store.
//! async fn make() -> MyStore {
//!     MyStore::default()
//! }
//!
//! store_suite!(make);
//! ```
//!
//! See [`store_suite!`](crate::store_suite) for stores that fill one port only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken promise ends the test"
)]

pub mod challenges;
pub mod lockout;
pub mod rate_limits;
pub mod sessions;
mod tests_macro;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Barrier;

use crate::form::InvalidField;
use crate::model::{AuthUser, Companion, CounterName, Form, IdentifierColumn, Shape};

/// Number of calls that run at once in the promises about concurrency.
const CROWD: usize = 64;

/// The user struct of the suite, unless another one is named. Its key is an `i64`.
#[derive(Clone, Debug)]
pub struct Person {
    id: i64,
}

#[diagnostic::do_not_recommend]
impl AuthUser for Person {
    type Id = i64;
    type SignUp = ();
    type Edit = ();

    const SHAPE: Shape = Shape {
        schema: None,
        table: "people",
        id: "id",
        columns: &["id"],
        identifiers: &[] as &[IdentifierColumn],
        recovery: None,
        written: &[],
        unique: &[],
        erased: &[],
        asked: &[],
        editable: &[],
        defaults: &[],
        companion: Companion {
            hash: "hashed_password",
            active: "is_active",
            superuser: "is_superuser",
            version: "token_version",
            epoch: "auth_epoch",
            verified: None,
            created: "created_at",
            updated: "updated_at",
            times: None,
            deleted: None,
        },
    };

    fn id(&self) -> &i64 {
        &self.id
    }

    fn identifiers(&self) -> Vec<Option<&str>> {
        Vec::new()
    }

    fn sign_up(_: &mut Form) -> Result<(), InvalidField> {
        Ok(())
    }

    fn edit(_: &mut Form) -> Result<(), InvalidField> {
        Ok(())
    }
}

/// Checks one promise on a fresh store, in a runtime of its own with several threads.
#[doc(hidden)]
pub fn run<S, M, P>(make: impl FnOnce() -> M, promise: impl FnOnce(Arc<S>) -> P)
where
    M: Future<Output = S>,
    P: Future<Output = ()>,
{
    runtime().block_on(async {
        let store = make().await;
        promise(Arc::new(store)).await;
    });
}

/// As [`run`]. Checks nothing if there is no store.
#[doc(hidden)]
pub fn run_optional<S, M, P>(make: impl FnOnce() -> M, promise: impl FnOnce(Arc<S>) -> P)
where
    M: Future<Output = Option<S>>,
    P: Future<Output = ()>,
{
    runtime().block_on(async {
        if let Some(store) = make().await {
            promise(Arc::new(store)).await;
        }
    });
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("no runtime")
}

/// The instant at which the promises start. Years ahead, so that no store that compares an instant
/// with its own clock regards the suite's entries as expired.
fn start() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_900_000_000_123).expect("an instant in range")
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const MILLISECOND: Duration = Duration::from_millis(1);

/// 32 bytes that differ for each number and kind.
fn bytes(kind: u8, number: usize) -> [u8; 32] {
    let mut bytes = [kind; 32];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    bytes
}

fn counter(number: usize) -> CounterName {
    CounterName::new(bytes(b'n', number))
}

/// Starts `count` tasks at the same moment and returns their results in order.
async fn at_once<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let spawn = |number| {
        let barrier = Arc::clone(&barrier);
        let task = task(number);
        tokio::spawn(async move {
            barrier.wait().await;
            task.await
        })
    };
    let tasks: Vec<_> = (0..count).map(spawn).collect();
    let mut results = Vec::with_capacity(count);
    for task in tasks {
        results.push(task.await.expect("a task panicked"));
    }
    results
}

fn count_of<T: PartialEq>(results: &[T], wanted: &T) -> usize {
    results.iter().filter(|&result| result == wanted).count()
}
