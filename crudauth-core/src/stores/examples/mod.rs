//! The implementations that the documentation of the ports shows. They pass the suite.

mod challenges;
mod counters;
mod sessions;
