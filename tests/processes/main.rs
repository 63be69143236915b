//! Servers and processes that stop, start again and are killed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod outage;
mod restarts;
