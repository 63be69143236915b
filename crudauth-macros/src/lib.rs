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
///
/// # On a field
///
/// A field named `id` is the key; `email` and `username` name the account, in declared order, which
/// is the order in which a login tries them.
///
/// | word | meaning |
/// |---|---|
/// | `id` | this is the key, whatever its name |
/// | `email`, `username` | this is the identifier of that kind, whatever its name |
/// | `column = "name"` | the column, where it is not called as the field is |
/// | `register` | a sign-up asks for it; nothing else of the app's can be set by one |
/// | `default` | a sign-up stores `Default::default()` |
/// | `default = "free"`, `= 3`, `= true` | the column's default in the database |
/// | `default = Plan::free()` | a sign-up stores the value of this expression |
/// | `skip` | no column: filled by `Default` when a row is read |
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
/// | `email` | addresses are confirmed, passwords reset by mailed links; needs an email identifier |
///
/// At least one of the first three must be there: by them requests are proved. Of several the first
/// that recognises somebody decides, in the order in which they are written. Sign-up and `/me` are
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

/// The migrations of a user struct: `crudauth::migrations!(User).run(&pool).await?`.
#[proc_macro]
pub fn migrations(input: TokenStream) -> TokenStream {
    migrations::migrations(input.into()).into()
}
