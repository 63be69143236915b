//! Complete, hardened accounts for a [poem] app, over *its own* user struct and *its own* database.
//!
//! Derive on a struct you already have, run the migrations, mount the routes. What that gives by
//! saying nothing: argon2id on a bounded pool, sessions and tokens kept as digests in your own
//! database, CSRF protection, an escalating lockout that cannot lock owners out, allowances,
//! single-use links, and answers that do not tell who has an account.
//!
//! # The recipe
//!
//! ```no_run
//! use crudauth::{AuthUser, CurrentUser, EmailConfig, PrintingSender, Verified};
//! use poem::{EndpointExt, Route, Server, get, handler, listener::TcpListener, web::Json};
//!
//! #[derive(Clone, Debug, AuthUser)]
//! #[auth(table = "users")]
//! struct User {
//!     id: i64,
//!     email: String,
//!     username: String,
//!     #[auth(register)] // the only column of the app's own that a sign-up may set
//!     full_name: Option<String>,
//! }
//!
//! #[crudauth::routes(user = User, session, email)]
//! struct Auth;
//!
//! #[handler]
//! async fn dashboard(user: CurrentUser<Auth>) -> Json<i64> {
//!     Json(user.id)
//! }
//!
//! #[handler]
//! async fn billing(_: CurrentUser<Auth, Verified>) -> &'static str {
//!     "only for people who have proved their address"
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let pool = sqlx::SqlitePool::connect("sqlite:app.db?mode=rwc").await?;
//!     crudauth::migrations!(User).run(&pool).await?;
//!
//!     let secret_key = std::fs::read_to_string("secret.key")?; // `openssl rand -hex 32`
//!     let auth = Auth::builder(pool, secret_key.trim())
//!         .email(EmailConfig::new(PrintingSender, "https://app.example.com"))
//!         .build()
//!         .await?;
//!     auth.spawn_purge(std::time::Duration::from_secs(600));
//!
//!     let app = auth
//!         .mount(Route::new()) // all under a prefix: Route::new().nest("/api", auth.mount(Route::new()).at(..))
//!         .at("/dashboard", get(dashboard))
//!         .at("/billing", get(billing))
//!         .with(auth.clone());
//!     Server::new(TcpListener::bind("127.0.0.1:8000")).run(app).await?;
//!     Ok(())
//! }
//! ```
//!
//! # The struct
//!
//! [`derive(AuthUser)`](macro@AuthUser) reads it. It declares **what the app wants to see** of an
//! account. The password hash and the other columns of the library's own are in the same table and
//! are read in the same query into a record that the app never holds, so no `Serialize`, `Debug` or
//! `..Default` reaches them. A struct that wants to see one of the harmless ones
//! (`is_superuser: bool`, `email_verified: bool`, `created_at`) declares it.
//!
//! What names an account is what the struct marks: an address, a username, a phone number, a code of
//! your own, one or several. An address or a number also recovers it; a struct without either has no
//! recovery, no column for it, and no route.
//!
//! Fields are any types that sqlx holds in your database. What is wrong with a struct is a compile
//! error at the field, which says what to write instead.
//!
//! # The table
//!
//! [`migrations!`] compares the live database with the struct and makes what is missing; see
//! [`Migrations`]. It drops and narrows nothing, and may be run by every worker at every start.
//! [`guide::existing_tables`] tells how to move into a table that has rows already.
//!
//! # The routes
//!
//! [`#[crudauth::routes]`](routes) mounts what is named and nothing else; the words are in
//! [`mod@slice`], and every body and answer in [`guide::http`]. They are those of crudauth-py 0.8.2, so
//! front ends made for it work unchanged. Refusals are problem documents (RFC 9457) with crudauth-py's
//! sentence as `detail` and a stable `code`; see [`Refusal`].
//!
//! | route | slice | what it does |
//! | --- | --- | --- |
//! | `POST /register` | always | adds an account |
//! | `GET /me` | always | who is signed in |
//! | `POST /change-password`, `/set-password` | always | for people who are signed in |
//! | `POST /login`, `/logout` | `session` | opens and ends a session |
//! | `POST /token`, `/refresh`, `/logout`, `GET /.well-known/jwks.json` | `bearer` | gives, renews and ends tokens |
//! | `GET /tokens`, `DELETE /tokens`, `/tokens/{id}` | `tokens` | the list of sign-ins by token |
//! | `GET /api-keys`, `POST /api-keys`, `DELETE /api-keys`, `/api-keys/{id}` | `api_keys` | keys for programs |
//! | `GET /sessions`, `DELETE /sessions/{id}`, `POST /logout-all`, `/csrf/refresh` | `sessions` | the device list |
//! | `POST /email/verify-request`, `/email/verify-confirm` | `email` or `recovery` | proves an address or a number |
//! | `POST /password/reset-request`, `/password/reset-confirm` | `email` or `recovery` | chooses a new password |
//! | `POST /email/change-request`, `/email/change-confirm` | `email` | moves to another address |
//!
//! # The handlers
//!
//! [`CurrentUser<Auth>`](CurrentUser) makes a route one for people who are signed in, and
//! dereferences to the user struct; its second parameter is a [`Gate`], such as [`Verified`] or one
//! of your own. [`MaybeUser<Auth>`](MaybeUser) is for routes that strangers may see, too. A request
//! costs one database round trip, however many arguments ask, and none if none asks; once a minute
//! a session's activity is written down by a second one. A state-changing request by a session to a
//! handler with such an argument must bring the CSRF token in `X-CSRF-Token`; a handler without one
//! guards nothing.
//!
//! # Browsers, programs and scripts
//!
//! A mount that names several transports serves all of them by the same routes:
//!
//! | word | credential | CSRF token |
//! | --- | --- | --- |
//! | `session` | a cookie | wanted |
//! | `bearer` | `Authorization: Bearer <access token>`, 15 minutes, from `/token` or `/refresh` | no |
//! | `api_keys` | `X-API-Key: <key>`, or `Authorization: Bearer <key>` | no |
//! | `transport = Certificate` | what your own [`Transport`] looks for, see [`guide::transports`] | as it says |
//!
//! They are tried in the order of the words; the first that finds somebody decides. A credential that is dead passes the matter on, one that is broken
//! ends it. [`Via`] narrows a route to some of them, and [`Scope`] asks for a scope that
//! [`scopes!`] declares and that a token or a key has. [`Principal`] tells which it was.
//!
//! A session and a token are their owner's: they open whatever asks for no more than [`CurrentUser`],
//! and may change the account; routes about sessions want a session, [`Scope`] wants a token or a
//! key. An API key is a program's: it opens `/me` and what asks for a [`Scope`] that it has, or for
//! keys by [`Via`], and nothing else.
//!
//! Refresh tokens live in a cookie, or in the body (`RefreshIn`). Each works once; using one again
//! ends its sign-in, since one of the two who had it is a thief. Tokens and keys end with a change
//! of password, a reset, and with the account, at once: each request with one is one look-up.
//! Scopes are granted by `BearerConfig` and [`ApiKeyConfig`], which grant none until they are told, and
//! per account by
//! [`Builder::scopes_for`]: **without a policy everybody gets whatever is grantable**, whoever has
//! just signed up included.
//!
//! Mounts over one table with one secret are one domain of trust: a session, a refresh token or an
//! API key of one is good at the other, and so is an access token unless they say another
//! `audience`. What only some people may do is for a gate to ask, not for a mount to be.
//!
//! # Without HTTP
//!
//! Every flow is also a plain async call on [`Accounts`], which `auth.accounts()` gives:
//!
//! ```no_run
//! # use crudauth::{AuthUser, Registered, SignUp};
//! # #[derive(Clone, Debug, AuthUser)]
//! # struct User { id: i64, email: String, username: String }
//! # #[crudauth::routes(user = User, session)]
//! # struct Auth;
//! # async fn f(auth: Auth) -> Result<(), Box<dyn std::error::Error>> {
//! let form = serde_json::json!({
//!     "email": "ada@example.com", "username": "ada", "password": "a-strong-one",
//! });
//! let sign_up = SignUp::<User>::from_json(&form).map_err(|mistakes| mistakes[0].message.clone())?;
//! match auth.accounts().register(sign_up).await? {
//!     Registered::Added(id) => println!("account {id}"),
//!     taken => println!("nobody was added: {taken:?}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A program for administrators need not be wired as the server is. A mount of its own over the same
//! struct, with any secret, finds accounts, disables them and lists and ends what they have:
//!
//! ```no_run
//! # use crudauth::{AuthUser, Visitor};
//! # #[derive(Clone, Debug, AuthUser)]
//! # struct User { id: i64, email: String, username: String }
//! #[crudauth::routes(user = User, session)]
//! struct Tool;
//!
//! # async fn f(pool: sqlx::SqlitePool, name: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let tool = Tool::builder(pool, "any text of 32 bytes or more will do").build().await?;
//! let accounts = tool.accounts();
//! let account = accounts.find_by_identifier(name).await?.ok_or("nobody is called so")?;
//! for session in accounts.sessions().list(Visitor::as_app(&account)).await? {
//!     println!("{} {:?} since {}", session.handle, session.client, session.created_at);
//! }
//! accounts.disable(&account.user.id).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is logged
//!
//! What happens to accounts goes to [`tracing`](https://docs.rs/tracing), with account and client and
//! never a secret (what a gate refuses is at `debug`); so does what a client must not be told: a store's errors, a mail that was not sent, a
//! route that is not behind `.with(auth)`. Install a subscriber (`tracing_subscriber::fmt::init()`),
//! or nobody hears of it.
//!
//! # Settings
//!
//! [`Builder`] has them, with defaults that are safe; [`Builder::hardened`] turns on what ASVS
//! level 2 and NIST ask beyond what crudauth-py's front ends expect. What the mounted slices cannot
//! work without is asked for by the compiler; the rest is judged, all at once, by
//! [`Builder::build`].
//!
//! The library works on your pool and never asks a connection whether it is alive before it uses
//! it; turn `test_before_acquire` off for your own queries as well, it is a round trip each time.
//! On SQLite, use WAL and a busy timeout. Hashing in an unoptimised build is slow: put this into
//! your workspace's `Cargo.toml`.
//!
//! ```toml
//! [profile.dev.package]
//! argon2 = { opt-level = 3 }
//! blake2 = { opt-level = 3 }
//! ```
//!
//! # Features
//!
//! | feature | what it brings |
//! | --- | --- |
//! | `sqlite` (default), `postgres`, `mysql` | the database; MariaDB is `mysql` |
//! | `smtp` | `email::SmtpSender`, which hands mails to your server under TLS |
//! | `legacy-hashes` (default) | password hashes of other systems, see [`legacy`]; those of crudauth-py by default |
//! | `bearer` | the slices `bearer` and `tokens`: access and refresh tokens |
//! | `bearer-asymmetric` | access tokens that others can verify: EdDSA and RS256 |
//! | `breach` | [`HaveIBeenPwned`](breach), which knows the passwords of data breaches |
//! | `testing` | `crudauth::testing`: people who are signed in, in one line, for the app's own tests |

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!(
    "crudauth needs a database: switch on one of the features `sqlite`, `postgres`, `mysql`"
);

/// How to do what is more than a line.
pub mod guide {
    #[doc = include_str!("../docs/existing_tables.md")]
    pub mod existing_tables {}

    #[doc = include_str!("../docs/http.md")]
    pub mod http {}

    #[doc = include_str!("../docs/transports.md")]
    pub mod transports {}
}

mod accounts;
mod compose;
mod extract;
mod http;
mod mount;
mod nobody;
#[doc(hidden)]
pub mod private;
mod routes;
pub mod slice;
#[cfg(feature = "testing")]
pub mod testing;

pub use accounts::Accounts;
pub use compose::{BuildError, Builder};
pub use crudauth_core::api_keys::ApiKeyConfig;
#[cfg(feature = "bearer")]
pub use crudauth_core::bearer::BearerConfig;
pub use crudauth_core::login::{Attempt, LockoutConfig, SignInError, SignedIn};
pub use crudauth_core::model::{
    Account, AccountId, AuthUser, ClientAddress, Contact, Destination, EmailAddress,
    IdentifierKind, Mistake, PhoneNumber, Recoverable, RecoverableByEmail, Rule, Scopes, SecretKey,
    Token, Username,
};
pub use crudauth_core::password::{Candidate, HashingConfig, Password, PasswordPolicy};
pub use crudauth_core::ports::{Allowance, ContactChange, ScopePolicy, StoreError};
pub use crudauth_core::ratelimit::Allowances;
pub use crudauth_core::recovery::{EmailConfig, RecoveryConfig};
pub use crudauth_core::register::{RegisterError, Registered, SignUp};
pub use crudauth_core::session::{Opening, SessionConfig, Visit, Visitor};
pub use crudauth_core::storage::sql::{
    AuthRow, Backend, Blocked, MigrateError, Migrations, Plan, Schema, Stores,
};
/// Reads a struct as the accounts of an app; see the crate's page for what it gives.
pub use crudauth_macros::AuthUser;
pub use crudauth_macros::{migrations, routes, scopes};
pub use email::{EmailMessage, EmailSender, PrintingSender};
pub use extract::{
    Admission, CurrentUser, Gate, MaybeUser, Scope, ScopeName, Superuser, Verified, Via,
};
#[cfg(feature = "bearer")]
pub use http::RefreshIn;
pub use http::{CookieConfig, Refusal, SameSite};
pub use mount::{Mount, Mounted, Mounts, Principal, Proof, Scoped, Transport};

/// Messages and who sends them.
pub mod email {
    pub use crudauth_core::delivery::{
        BoxError, EmailMessage, EmailSender, MessageKind, OutboxConfig, PrintingSender,
        RecordingSender,
    };
    #[cfg(feature = "smtp")]
    pub use crudauth_core::delivery::{SmtpConfig, SmtpError, SmtpSender, SmtpTls};
}

/// Messages over other channels than email.
pub mod channel {
    pub use crudauth_core::delivery::{
        BoxError, Delivery, DeliveryChannel, MessageKind, RecordingChannel,
    };
}

/// Passwords of data breaches, and who knows them: for
/// [`PasswordPolicy::breach_service`].
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

/// What signs access tokens.
#[cfg(feature = "bearer")]
pub mod signing {
    pub use crudauth_core::bearer::Signing;
    #[cfg(feature = "bearer-asymmetric")]
    pub use crudauth_core::bearer::{InvalidKey, PublicKey, SigningPair};
}

/// Time and randomness, for those who bring their own.
pub mod ports {
    pub use crudauth_core::ports::{Clock, Entropy, ManualClock, OsEntropy, SystemClock};
}

/// Password hashes that other systems made: read wherever a password is checked, and replaced by
/// argon2id when their owners sign in.
///
/// The feature `legacy-hashes` brings four formats. Hashes of crudauth-py (`CrudauthPy`) are then read
/// without a setting; `Bcrypt` (PHP, Spring, Rails, Node, Django), `Pbkdf2` and `Scrypt` (Django,
/// passlib) are to be named, as is a [`LegacyHash`](legacy::LegacyHash) of your own:
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
    pub use crudauth_core::password::{Bcrypt, CrudauthPy, Pbkdf2, Scrypt};
}

/// What the flows answer with, beside what is named at the root.
pub mod flow {
    pub use crudauth_core::account::PasswordError;
    pub use crudauth_core::api_keys::{
        ApiKey, ApiKeyError, ApiKeyOutcome, ApiKeyVisit, ApiKeys, CreatedApiKey, WantedKey,
    };
    #[cfg(feature = "bearer")]
    pub use crudauth_core::bearer::{
        AccessToken, BearerOutcome, BearerVisit, Issued, ListedGrant, RefreshError, RefreshToken,
        Refreshed, Tokens,
    };
    #[cfg(feature = "bearer")]
    pub use crudauth_core::login::Granted;
    pub use crudauth_core::model::{
        Code, Device, Form, InvalidCode, InvalidContact, InvalidEmail, InvalidForm, InvalidPhone,
        InvalidScope, InvalidUsername, Presented,
    };
    pub use crudauth_core::password::{Busy, HashingConfigError, PasswordTooLong, PolicyViolation};
    pub use crudauth_core::ports::{ApiKeyEntry, GrantId, SessionRecord};
    pub use crudauth_core::recovery::{ChangeError, ConfirmError, Confirmed, Recovery};
    pub use crudauth_core::session::{
        Keep, ListedSession, OpenedSession, OwnerError, Sessions, Standing,
    };
}
