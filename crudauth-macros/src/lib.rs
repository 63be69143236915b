//! The macros of [crudauth](https://docs.rs/crudauth), which re-exports them: use them from there.
//!
//! Each is four stages: `parse` turns tokens into words that keep their places, `model` gives them
//! meaning, `check` collects every mistake, `expand` only quotes. What they write names
//! `crudauth::private` and whatever the app itself wrote, and holds no logic.
//!
//! | macro | room |
//! |---|---|
//! | `#[derive(AuthUser)]` | `auth_user/` |
//! | `#[crudauth::routes(..)]` | `routes/` |
//! | `crudauth::migrations!(..)` | `migrations.rs` |
//! | `crudauth::scopes!(..)` | `scopes.rs` |

mod auth_user;
mod migrations;
mod routes;
mod scopes;
mod support;

use proc_macro::TokenStream;

/// Makes a struct the row behind an account.
///
/// ```ignore
/// #[derive(Clone, Debug, crudauth::AuthUser)]
/// #[auth(table = "users")]
/// struct User {
///     id: i64,
///     email: String,
///     username: String,
///     #[auth(register)]
///     full_name: Option<String>,
///     #[auth(default = "free")]
///     plan: String,
/// }
/// ```
///
/// The struct holds what the app wants to see. The password hash, the flags and the timestamps are
/// columns of the same table, which the library keeps to itself; to see one of the others, declare
/// it (`is_superuser: bool`). `updated_at` is empty until the first change, so it is an `Option`.
///
/// # On the struct
///
/// - `#[auth(table = "people")]`: the table; else the struct's name in snake case with an `s`.
/// - `hashed_password`, `is_active`, `is_superuser`, `verified`, `token_version`, `auth_epoch`,
///   `created_at`, `updated_at`, each `= "column"`: what the library's columns are called in a table
///   that is there already. `verified` is usually `email_verified` or `phone_verified`, after what
///   recovers the account, and is not there where nothing does.
///
/// # On a field
///
/// A field named `id` is the key. One named `email`, `username` or `phone`, or marked as one, names
/// the account; a login tries them in declared order. An address or a phone number also recovers it.
///
/// | word | meaning |
/// |---|---|
/// | `id` | this is the key, whatever its name |
/// | `email`, `username`, `phone` | this is the identifier of that kind, whatever its name |
/// | `identifier` | a code of the app's own names the account, such as an employee's number; upper and lower case are two codes |
/// | `recovery` | messages go here; without it, to the first address, else to the first number |
/// | `no_login` | it recovers the account, and nobody signs in by it |
/// | `exact` | a username or phone is compared as it is shown, not in a column `<column>_key` |
/// | `key = "name"` | the column that holds the compared form beside the shown one |
/// | `column = "name"` | the column, where it is not called as the field is |
/// | `max_length = 40` | a sign-up may give so many characters at most |
/// | `unique` | no two accounts have the same; an identifier is unique anyway |
/// | `register` | a sign-up asks for it; nothing else of the app's can be set by one |
/// | `default` | a sign-up stores `Default::default()` |
/// | `default = "free"`, `= 3`, `= true` | the column's default in the database |
/// | `default = Plan::free()` | a sign-up stores the value of this expression |
/// | `skip` | no column: filled by `Default` when a row is read |
///
/// An identifier may be an `Option<String>`, as long as one is a `String`: an account without it is
/// found by the others.
///
/// A column that none of these fills must be an `Option`.
#[proc_macro_derive(AuthUser, attributes(auth))]
pub fn auth_user(input: TokenStream) -> TokenStream {
    auth_user::derive(input.into()).into()
}

/// Makes a unit struct the mount of a user struct's accounts.
///
/// ```ignore
/// #[crudauth::routes(user = User, session, sessions, email)]
/// struct Auth;
/// ```
///
/// | word | what it mounts |
/// |---|---|
/// | `session` | sign-in by cookie |
/// | `bearer` | sign-in by access token, with refresh tokens |
/// | `api_keys` | long-lived keys for programs, which their owners make |
/// | `sessions` | people see and end their own sessions; needs `session` |
/// | `tokens` | people see and end their own sign-ins by token; needs `bearer` |
/// | `email` | addresses are confirmed, passwords reset by mailed links; needs an address |
/// | `recovery` | the same over a channel of your own, such as text messages; needs an address or a phone number |
/// | `transport = Certificate` | one of your own, an `impl Transport`; the builder is given it by `.transport(..)` |
///
/// At least one of the first three, or one of your own, must be there: by them requests are proved. Of
/// several the first that recognises somebody decides, in the order in which they are written. Sign-up and `/me` are
/// always mounted.
///
/// `Auth::builder(pool, secret)` begins the wiring. The struct is `Clone` and `Debug`, and is the
/// poem middleware that handlers' arguments ask.
#[proc_macro_attribute]
pub fn routes(arguments: TokenStream, item: TokenStream) -> TokenStream {
    routes::attribute(arguments.into(), item.into()).into()
}

/// Declares scopes, which access tokens and API keys may have: each becomes a type for
/// [`Scope`](../crudauth/struct.Scope.html).
///
/// ```ignore
/// crudauth::scopes! {
///     /// May see reports.
///     pub ReportsRead = "reports:read";
///     pub ReportsWrite = "reports:write";
/// }
/// ```
///
/// A name has 1 to 64 visible ASCII characters but `"` and `\` (RFC 6749, section 3.3).
#[proc_macro]
pub fn scopes(input: TokenStream) -> TokenStream {
    scopes::scopes(input.into()).into()
}

/// Returns the migrations of a mount: `crudauth::migrations!(Auth).run(&pool).await?`.
///
/// For a mount they create the account table and the tables of its slices. For a user struct,
/// `migrations!(User)`, they create the account table and the tables of all slices.
#[proc_macro]
pub fn migrations(input: TokenStream) -> TokenStream {
    migrations::migrations(input.into()).into()
}
