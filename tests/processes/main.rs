//! Servers and processes that are stopped, restarted and killed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

mod command_line;
mod outage;
mod pgbouncer;
mod proxies;
mod redis_outage;
mod restarts;
