//! The constant delay of responses that must not reveal whether an account exists.
//!
//! The work of the request runs in the background, and the response waits for a fixed time instead. It
//! takes the same time with and without work, and the load of the work is over before the client can
//! measure it with its next request. Usually the mail is on its way when the response arrives.

use std::time::Duration;

/// Longer than the creation of a link takes, and too short to notice.
const MOMENT: Duration = Duration::from_millis(40);

/// Waits for the fixed time.
pub(super) async fn constant_delay() {
    tokio::time::sleep(MOMENT).await;
}
