//! Servers and processes that are stopped, restarted and killed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod outage;
mod restarts;
