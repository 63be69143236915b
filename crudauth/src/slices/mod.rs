//! The slices. Each file or folder has the marker of a slice, its settings in the builder, its
//! routes, which are thin callers of the flows, and its refusals.

mod account;
mod accounts;
mod admin;
mod api_keys;
mod audit;
mod bearer;
mod bot_protection;
mod credentials;
mod device;
mod email;
mod email_login;
mod invitations;
mod limits;
mod logout;
mod mfa;
#[cfg(feature = "oauth")]
mod oauth;
mod pace;
#[cfg(feature = "passkeys")]
mod passkeys;
mod profile;
mod recovery;
mod service;
mod sessions;
mod sudo;
mod tickets;
mod username;

pub(crate) use audit::trail_of;
pub(crate) use bot_protection::admit;
#[cfg(feature = "passkeys")]
pub(crate) use passkeys::complete;
pub(crate) use service::{Service, Wiring, stores};

use crudauth_core::slices::account::AccountConfig;
use crudauth_core::slices::admin::AdminConfig;
use crudauth_core::slices::api_keys::ApiKeyConfig;
use crudauth_core::slices::audit::AuditConfig;
use crudauth_core::slices::bearer::BearerConfig;
use crudauth_core::slices::bot_protection::BotProtectionConfig;
use crudauth_core::slices::email_login::EmailLoginConfig;
use crudauth_core::slices::invitations::InvitationConfig;
use crudauth_core::slices::mfa::MfaConfig;
use crudauth_core::slices::passkeys::PasskeyConfig;
use crudauth_core::slices::sessions::SessionConfig;
use crudauth_core::slices::sudo::SudoConfig;
use crudauth_core::slices::tickets::TicketConfig;
use service::slices;

slices! {
    sessions: SessionConfig,
    bearer: BearerConfig,;

    api_keys: ApiKeyConfig => markers::ApiKeys,
    mfa: MfaConfig => markers::Mfa,
    passkeys: PasskeyConfig => #[cfg(feature = "passkeys")] markers::Passkeys,
    sudo: SudoConfig => markers::Sudo,
    account: AccountConfig => markers::Account,
    admin: AdminConfig => markers::Admin,
    audit: AuditConfig => markers::Audit,
    email_login: EmailLoginConfig => markers::EmailLogin,
    invitations: InvitationConfig => markers::Invitations,
    profile: service::NoSettings => markers::Profile,
    username: service::NoSettings => markers::Username,
    tickets: TicketConfig => markers::Tickets,
    bot_protection: BotProtectionConfig => markers::BotProtection,
    #[cfg(feature = "oauth")]
    oauth: oauth::OAuthSettings => markers::OAuth,
}

/// The slices that a mount can name, with a page for each: markers, one for each word of
/// [`#[crudauth::routes(..)]`](macro@crate::routes).
pub mod markers {
    pub use super::account::Account;
    pub use super::accounts::Accounts;
    pub use super::admin::Admin;
    pub use super::api_keys::ApiKeys;
    pub use super::audit::Audit;
    pub use super::bearer::{Bearer, Tokens};
    pub use super::bot_protection::BotProtection;
    pub use super::email::Email;
    pub use super::email_login::EmailLogin;
    pub use super::invitations::Invitations;
    pub use super::mfa::Mfa;
    #[cfg(feature = "oauth")]
    pub use super::oauth::OAuth;
    #[cfg(feature = "passkeys")]
    pub use super::passkeys::Passkeys;
    pub use super::profile::Profile;
    pub use super::recovery::Recovery;
    pub use super::sessions::{Session, Sessions};
    pub use super::sudo::Sudo;
    pub use super::tickets::Tickets;
    pub use super::username::Username;
    pub use crate::mount::Slice;
}
