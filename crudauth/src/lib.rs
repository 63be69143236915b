#![doc = include_str!("../docs/guide.md")]

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!(
    "crudauth needs a database: switch on one of the features `sqlite`, `postgres`, `mysql`"
);

// Generated code names the crate, also in the crate.
extern crate self as crudauth;

/// Pages on topics that concern several slices. Each slice has its page in [`mod@slice`].
pub mod guide {
    #[doc = include_str!("../docs/diesel.md")]
    pub mod diesel {}

    #[doc = include_str!("../docs/events.md")]
    pub mod events {}

    #[doc = include_str!("../docs/existing_tables.md")]
    pub mod existing_tables {}

    #[doc = include_str!("../docs/http.md")]
    pub mod http {}

    #[doc = include_str!("../docs/moving.md")]
    pub mod moving {}

    #[doc = include_str!("../docs/older_sqlx.md")]
    pub mod older_sqlx {}

    #[doc = include_str!("../docs/other_sites.md")]
    pub mod other_sites {}

    #[doc = include_str!("../docs/performance.md")]
    pub mod performance {}

    #[doc = include_str!("../docs/pgbouncer.md")]
    pub mod pgbouncer {}

    #[doc = include_str!("../docs/proxies.md")]
    pub mod proxies {}

    #[doc = include_str!("../docs/sea_orm.md")]
    pub mod sea_orm {}

    #[doc = include_str!("../docs/sign_in.md")]
    pub mod sign_in {}

    #[doc = include_str!("../docs/stores.md")]
    pub mod stores {}

    #[doc = include_str!("../docs/transports.md")]
    pub mod transports {}
}

mod accounts;
mod builder;
#[cfg(feature = "cli")]
#[allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]
pub mod cli;
mod extract;
mod gate;
mod http;
mod migrations;
mod mount;
mod nobody;
#[doc = include_str!("../docs/openapi.md")]
#[cfg(feature = "openapi")]
pub mod openapi;
#[doc(hidden)]
pub mod private;
mod slices;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;

pub use accounts::Accounts;
pub use builder::{BuildError, Builder};
pub use crudauth_core::event::{Event, EventKind, EventSubscriber};
pub use crudauth_core::guard::store::RateLimit;
pub use crudauth_core::guard::{LockoutConfig, RateLimits};
pub use crudauth_core::migrate::{
    Blocker, BlockerKind, ForeignHashes, MigrateError, Migrations, Plan, Schema, SchemaError,
    UnreadHashes,
};
pub use crudauth_core::model::{
    Account, AccountId, AccountState, AuthUser, BrowserToken, ClientAddress, ClientInfo, Contact,
    CsrfToken, Editable, EmailAddress, FieldError, FieldErrorKind, HasRole, HasUsername,
    IdentifierKind, OneTimeToken, PhoneNumber, Recoverable, RecoverableByEmail, RedirectPath,
    RoleBits, RoleHolder, RoleName, Scopes, SecretKey, SessionToken, Username, WeakSecret,
    Weakness, for_client,
};
pub use crudauth_core::password::{
    Candidate, HashingConfig, HashingPool, Password, PasswordPolicy,
};
pub use crudauth_core::principal::{AuthMethod, Principal, ScopePolicy};
pub use crudauth_core::slices::account::AccountConfig;
pub use crudauth_core::slices::accounts::{RegisterError, Registered, SignUp};
pub use crudauth_core::slices::admin::AdminConfig;
pub use crudauth_core::slices::api_keys::ApiKeyConfig;
pub use crudauth_core::slices::audit::AuditConfig;
pub use crudauth_core::slices::bearer::BearerConfig;
pub use crudauth_core::slices::bot_protection::BotProtectionConfig;
pub use crudauth_core::slices::email_login::EmailLoginConfig;
pub use crudauth_core::slices::invitations::InvitationConfig;
pub use crudauth_core::slices::mfa::MfaConfig;
#[cfg(feature = "oauth")]
pub use crudauth_core::slices::oauth::OAuthConfig;
#[cfg(feature = "passkeys")]
pub use crudauth_core::slices::passkeys::PasskeyConfig;
pub use crudauth_core::slices::recovery::store::ContactChange;
pub use crudauth_core::slices::recovery::{EmailConfig, RecoveryConfig};
pub use crudauth_core::slices::sessions::SessionConfig;
pub use crudauth_core::slices::sign_in::{
    Binding, Challenge, SignIn, SignInError, SignInRequest, SignedIn, TokensIssued,
};
pub use crudauth_core::slices::sudo::SudoConfig;
pub use crudauth_core::slices::tickets::TicketConfig;
pub use crudauth_core::sql::{AuthRow, Backend, Stores};
#[cfg(feature = "redis")]
pub use crudauth_core::stores::RedisConfig;
pub use crudauth_core::{Clock, ConfigError, ManualClock, SignUpPolicy, StoreError, SystemClock};
/// Reads a struct as the accounts of an app; see the crate's page for what it gives.
pub use crudauth_macros::AuthUser;
pub use crudauth_macros::{migrations, roles, routes, scopes};
pub use email::{EmailMessage, EmailSender, PrintingSender};
pub use extract::{CurrentUser, Flash, MaybeUser, TicketUser};
pub use gate::{
    Admission, Any, Elevated, Factor, Fresh, Gate, Gates, NotImpersonated, Role, Scope, ScopeName,
    Superuser, Verified, Via, factor,
};
pub use http::{CookieConfig, FlashMessage, Pages, RefreshIn, Refusal, SameSite};
pub use mount::{Mount, Mounted, Mounts, Scoped};
pub use slices::markers as slice;
pub use transport::Transport;

/// Email messages and senders.
pub mod email {
    pub use crudauth_core::notify::{
        BoxError, EmailMessage, EmailSender, MessageKind, PrintingSender, RecordingSender,
    };
    #[cfg(feature = "smtp")]
    pub use crudauth_core::notify::{SmtpConfig, SmtpError, SmtpSender, SmtpTls};
}

/// Export and deletion of accounts.
pub mod account {
    pub use crudauth_core::slices::account::{
        AccountData, AccountError, BoxError, Departure, OnDelete, Reference, SelfService,
    };
}

/// Actions of superusers.
pub mod admin {
    pub use crudauth_core::slices::admin::{
        AccountPage, AccountQuery, AdminError, Administrator, Administrators, Impersonation,
        Search, Suspension,
    };
}

/// Checks that keep scripts away from public routes, for [`Builder::bot_protection`].
pub mod bots {
    pub use crudauth_core::slices::bot_protection::{
        BotAnswer, BotCheck, BotCheckError, BotProtection, ProofOfWork, PublicRoute, Puzzle,
    };
}

/// Hooks that may refuse a sign-up, a sign-in or a change of username.
pub mod hook {
    pub use crudauth_core::hooks::{
        BeforeSignIn, BeforeSignUp, BeforeUsernameChange, HookError, SignInFacts, SignUpFacts,
        UsernameFacts,
    };
}

/// The kept events of accounts.
pub mod audit {
    pub use crudauth_core::slices::audit::{
        Audit, AuditFault, AuditPage, AuditRecord, Fault, StoredAddress, Verified,
    };
}

/// Messages over other channels than email.
pub mod channel {
    pub use crudauth_core::notify::{
        BoxError, Delivery, DeliveryChannel, MessageKind, RecordingChannel,
    };
}

/// Checks of passwords against known breaches, for [`PasswordPolicy::breach_service`].
///
/// ```
/// # #[cfg(feature = "breach")]
/// # fn f() -> Result<crudauth::PasswordPolicy, crudauth::breach::HaveIBeenPwnedError> {
/// use crudauth::PasswordPolicy;
/// use crudauth::breach::HaveIBeenPwned;
///
/// let policy = PasswordPolicy::default().breach_service(HaveIBeenPwned::new()?);
/// # Ok(policy)
/// # }
/// ```
pub mod breach {
    pub use crudauth_core::password::breach::{BoxError, BreachService};
    #[cfg(feature = "breach")]
    pub use crudauth_core::password::breach::{HaveIBeenPwned, HaveIBeenPwnedError};
}

/// Providers that people sign in with, for [`OAuthConfig::provider`].
#[cfg(feature = "oauth")]
pub mod oauth {
    pub use crudauth_core::notify::BoxError;
    pub use crudauth_core::slices::oauth::store::{Connection, ConnectionId};
    pub use crudauth_core::slices::oauth::{
        AccessTokenError, AddressTrust, Answer, AuthorizationRequest, AuthorizationResponse,
        ClientSecret, Finished, HttpClient, HttpRequest, HttpResponse, Identity, IdentityProvider,
        OAuth, OAuthError, Provider, ProviderAccessToken, ProviderError, ProviderTokens, Reach,
        RefreshRequest, ResponseMode, SignedInWith, Start, Started, state_id,
    };
}

/// What signs access tokens.
pub mod signing {
    pub use crudauth_core::slices::bearer::Signing;
    #[cfg(feature = "bearer-asymmetric")]
    pub use crudauth_core::slices::bearer::{InvalidKey, PublicKey, SigningPair};
}

/// The rate-limited actions, for [`RateLimits::set`].
pub mod rate_limit {
    pub use crudauth_core::guard::Action;
    pub use crudauth_core::notify::{EXISTING_ACCOUNT_NOTICE, MESSAGES, TEXTS};
    pub use crudauth_core::slices::account::{DELETE as DELETE_ACCOUNT, EXPORT as EXPORT_ACCOUNT};
    pub use crudauth_core::slices::accounts::{CHANGE_PASSWORD, REGISTER, SET_PASSWORD};
    pub use crudauth_core::slices::admin::ACT as ADMINISTER;
    pub use crudauth_core::slices::api_keys::CREATE as CREATE_API_KEY;
    pub use crudauth_core::slices::bearer::REFRESH;
    pub use crudauth_core::slices::email_login::VERIFY as VERIFY_EMAIL_LOGIN;
    pub use crudauth_core::slices::invitations::INVITE;
    pub use crudauth_core::slices::mfa::{MANAGE as MANAGE_MFA, VERIFY as VERIFY_MFA};
    #[cfg(feature = "oauth")]
    pub use crudauth_core::slices::oauth::{
        AUTHORIZE as OAUTH_AUTHORIZE, LOGOUT as OAUTH_LOGOUT, MANAGE as MANAGE_CONNECTIONS,
    };
    #[cfg(feature = "passkeys")]
    pub use crudauth_core::slices::passkeys::{
        MANAGE as MANAGE_PASSKEYS, OPTIONS as PASSKEY_OPTIONS, VERIFY as VERIFY_PASSKEY,
    };
    pub use crudauth_core::slices::profile::EDIT as EDIT_PROFILE;
    pub use crudauth_core::slices::recovery::{
        CHANGE_REQUEST, CONFIRM, DELETE_REQUEST, LOGIN_REQUEST, RESET_REQUEST, VERIFY_REQUEST,
    };
    pub use crudauth_core::slices::sessions::{CSRF_REFRESH, LOGOUT_ALL};
    pub use crudauth_core::slices::sign_in::SIGN_IN;
    pub use crudauth_core::slices::tickets::ISSUE as ISSUE_TICKET;
    pub use crudauth_core::slices::username::CHANGE as CHANGE_USERNAME;
}

/// The ports of stores that can be replaced, and the stores of the library.
pub mod store {
    pub use crudauth_core::guard::LockState;
    pub use crudauth_core::guard::challenges::{ChallengeRecord, ChallengeStore};
    pub use crudauth_core::guard::store::{
        AttemptCounters, CounterStore, LockRule, RateLimit, RateLimitOutcome, Refund,
    };
    pub use crudauth_core::model::{
        AccountState, ChallengeDigest, CounterName, CsrfDigest, Impersonator, SessionDigest,
        SessionHandle,
    };
    pub use crudauth_core::slices::sessions::store::{Session, SessionStore};
    pub use crudauth_core::stores::MemoryStore;
    #[cfg(feature = "redis")]
    pub use crudauth_core::stores::{RedisStore, WhenAway};
}

/// Password hashes that other systems made: read wherever a password is checked, and replaced by
/// argon2id when their owners sign in.
///
/// The feature `legacy-hashes` brings seven formats. Hashes of crudauth-py (`CrudauthPy`) are then read
/// without a setting. The others are to be named, as is a [`LegacyHash`](legacy::LegacyHash) of your
/// own: `Bcrypt` (PHP, Laravel, Rails, Phoenix, Node, Supabase, Spring, Django), `Argon2` (Django,
/// Spring), `Pbkdf2` and `Scrypt` (Django, Spring, Werkzeug, passlib), `WordPress` and `Phpass`.
/// [`guide::existing_tables`] has a table of them.
///
/// ```text
/// Auth::builder(pool, secret_key).legacy_hash(Bcrypt::default().cost(10))
/// ```
///
/// In an unoptimised build bcrypt takes seconds, unless `blowfish = { opt-level = 3 }` stands beside
/// `argon2` in your workspace's `[profile.dev.package]`.
pub mod legacy {
    pub use crudauth_core::password::LegacyHash;
    #[cfg(feature = "legacy-hashes")]
    pub use crudauth_core::password::{
        Argon2, Bcrypt, CrudauthPy, Pbkdf2, Phpass, Scrypt, WordPress,
    };
}

/// Inputs and results of the flows, besides those at the root.
pub mod flow {
    pub use crudauth_core::model::{
        ApiKeyHandle, Checked, Code, Device, Form, InvalidCode, InvalidContact, InvalidEmail,
        InvalidField, InvalidForm, InvalidPhone, InvalidScope, InvalidUsername, SessionHandle,
        TrustHandle,
    };
    pub use crudauth_core::model::{MailedCode, Proofs};
    pub use crudauth_core::password::{Busy, PasswordTooLong, PolicyViolation};
    pub use crudauth_core::principal::{NotFresh, OwnerError, Role as PrincipalRole};
    pub use crudauth_core::slices::accounts::PasswordError;
    pub use crudauth_core::slices::api_keys::{
        ApiKey, ApiKeyEntry, ApiKeyError, ApiKeys, CreatedApiKey, NewApiKey,
    };
    pub use crudauth_core::slices::bearer::{
        AccessToken, BearerTokens, FamilyId, Issued, ListedFamily, RefreshError, RefreshToken,
        Refreshed,
    };
    pub use crudauth_core::slices::email_login::{
        EmailLogin, EmailLoginError, EmailLoginStarted, EmailProof, EmailSignIn,
    };
    pub use crudauth_core::slices::invitations::{Invitation, Invitations, InviteError};
    pub use crudauth_core::slices::mfa::{
        BrowserTrust, CodeError, Disabled, Enrolled, Mfa, MfaError, MfaStatus, RecoveryCode, Setup,
        TotpSecret, TrustedBrowser,
    };
    pub use crudauth_core::slices::passkeys::PasskeyProof;
    #[cfg(feature = "passkeys")]
    pub use crudauth_core::slices::passkeys::{
        AcceptedPasskeys, AddedPasskey, CeremonyOptions, PasskeyError, PasskeyId, Passkeys,
        ProofError, RemovedPasskey, StoredPasskey,
    };
    pub use crudauth_core::slices::profile::{EditError, ProfileEdit, Profiles};
    pub use crudauth_core::slices::recovery::{
        ChangeError, ConfirmError, Confirmed, PasswordReset, Recovery,
    };
    pub use crudauth_core::slices::sessions::{
        CurrentSession, ListedSession, OpenedSession, RenewedSession, Sessions,
    };
    pub use crudauth_core::slices::sign_in::{
        CodeRequest, Entry, FinishError, Finished, Outcome, PasskeySignIn, Waiting,
    };
    pub use crudauth_core::slices::sudo::{ElevatedSession, Missing, Proof, Sudo, SudoError, Way};
    pub use crudauth_core::slices::tickets::{IssuedTicket, TicketError, Tickets};
    pub use crudauth_core::slices::username::{UsernameError, Usernames};
}
