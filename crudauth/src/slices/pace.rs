//! The moment that an answer waits which must not tell whether anybody was found.
//!
//! What was asked for is done from the outbox, and the answer does not wait for it: it waits for
//! the clock. So it takes the same time whether there is work or none, what the work costs the
//! database is over before the same client can measure it with its next request, and as a rule the
//! mail is under way when the page says to look for it.

use std::time::Duration;

/// Longer than issuing a link takes, shorter than a person notices.
const MOMENT: Duration = Duration::from_millis(40);

/// Waits for that moment.
pub(super) async fn constant_delay() {
    tokio::time::sleep(MOMENT).await;
}
