//! Bearer tokens over HTTP: what `/token` gives, what `/refresh` does to it, and what ends it.

mod cookie;
mod ends;
mod forged;
mod list;
mod published;
mod refresh;
mod scopes;
mod token;
