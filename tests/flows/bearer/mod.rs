//! The `bearer` slice over HTTP: tokens issued by `/token`, exchanged by `/refresh`, and revoked.

mod cookie;
mod families;
mod forged;
mod issue;
mod jwks;
mod refresh;
mod revocation;
mod scopes;
