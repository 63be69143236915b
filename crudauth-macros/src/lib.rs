//! The macros of [crudauth](https://docs.rs/crudauth). Use them through that crate.
//!
//! Each macro has four stages: `parse` reads the tokens (attributes with darling), `model` gives
//! them meaning, `check` reports every mistake, `expand` only quotes. Generated code names
//! `::crudauth::private`, `::core` and the app's own items, and contains no logic.
//!
//! | macro | module |
//! |---|---|
//! | `#[derive(AuthUser)]` | `auth_user/` |
//! | `#[crudauth::routes(..)]` | `routes/` |
//! | `crudauth::migrations!(..)` | `migrations.rs` |
//! | `crudauth::scopes!(..)` | `scopes.rs` |
//! | `crudauth::roles!(..)` | `roles.rs` |
//! | shared by all | `support/` |

mod auth_user;
mod migrations;
mod roles;
mod routes;
mod scopes;
mod support;

use proc_macro::TokenStream;

/// Makes a struct the row of an account.
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
/// The struct declares the columns that the app reads. The password hash, the flags and the
/// timestamps are columns of the same table that only the library reads; to read one of them,
/// declare it (`is_superuser: bool`). The hash cannot be declared. `updated_at` is NULL until the
/// first change, so it is an `Option`.
///
/// # On the struct
///
/// - `#[auth(table = "people")]`: the table; default: the struct's name in snake case with an `s`.
/// - `schema = "auth"`: the schema of the table, on MySQL its database; by default that of the
///   connection.
/// - `hashed_password`, `is_active`, `is_superuser`, `verified`, `token_version`, `auth_epoch`,
///   `created_at`, `updated_at`, each `= "column"`: names of the library's columns in an existing
///   table. By default `verified` is `email_verified` or `phone_verified`, after the recovery
///   contact; without a contact there is no such column.
/// - `deleted_at = "column"`: the time at which the app, or the slice `account`, deleted an account whose
///   row stays. Such an account does not sign in.
/// - `times = "seconds"`, `"milliseconds"`, `"microseconds"` or `"nanoseconds"`: `created_at` and
///   `updated_at` are numbers since 1970.
///
/// # On a field
///
/// A field named `id` is the key. A field named `email`, `username` or `phone`, or marked as one,
/// is an identifier; sign-in tries the identifiers in declared order. The email address or the
/// phone number also recovers the account.
///
/// | argument | meaning |
/// |---|---|
/// | `id` | the key, under any field name |
/// | `email`, `username`, `phone` | the identifier of that kind, under any field name |
/// | `identifier` | an identifier of the app's own, such as an employee number; case-sensitive |
/// | `recovery` | the recovery contact; by default the email address, else the phone number |
/// | `no_login` | recovers the account, but cannot be used to sign in |
/// | `exact` | compares a username or phone number as displayed, without a column `<column>_key` |
/// | `key = "name"` | the column of the compared form, beside the displayed one |
/// | `column = "name"` | the column; by default the field's name |
/// | `generate = uuid`, `= ulid`, `= database`, `= new_key` | on the key: the source of new keys, which may be a function of the app |
/// | `blank_is_null` | on an optional identifier: a blank text in the table counts as NULL |
/// | `max_length = 40` | the longest value that sign-up accepts, in characters (at most 4096) |
/// | `unique` | no two accounts have the same value; identifiers are always unique |
/// | `register` | sign-up reads it from the request; it can set no other column of the app |
/// | `default` | sign-up stores `Default::default()` |
/// | `default = "free"`, `= 3`, `= true` | the column's default in the database |
/// | `default = Plan::free()` | sign-up stores the value of this expression |
/// | `editable` | owners may change it by `PATCH /me` of the slice `profile` |
/// | `role` | it holds the roles of an account, for the gate [`Role`](../crudauth/struct.Role.html); sign-up cannot set it |
/// | `export` | owners get it in the export of their account, as do all identifiers |
/// | `erase` | becomes NULL when the account is deleted and its row stays (`AccountConfig::keep_rows`) |
/// | `erase = "deleted"`, `= 3`, `= true` | gets this value then |
/// | `skip` | not a column: filled by `Default` when a row is read |
///
/// An identifier may be an `Option<String>` if another one is a `String`: an account without it
/// signs in with the others.
///
/// A column that sign-up does not fill must be an `Option`.
#[proc_macro_derive(AuthUser, attributes(auth))]
pub fn auth_user(input: TokenStream) -> TokenStream {
    auth_user::derive(input.into()).into()
}

/// Makes a unit struct the mount of the accounts of a user struct.
///
/// ```ignore
/// #[crudauth::routes(user = User, session, sessions, email)]
/// struct Auth;
/// ```
///
/// Each argument after `user` names a slice. The list of slices, with a page for each, is the module
/// [`slice`](../crudauth/slice/index.html). `transport = Certificate` names a transport of the app's
/// own, an `impl Transport`; the builder takes it by `.transport(..)`.
///
/// A mount needs a transport to authenticate requests: `session`, `bearer`, `api_keys` or one of
/// the app's own. The transports are tried in the order in which they are named, and the first that
/// recognises a credential decides. Sign-up and `/me` are always mounted.
///
/// `Auth::builder(pool, secret)` returns the builder. The struct is `Clone` and `Debug`, and is the
/// poem middleware that the extractors need.
#[proc_macro_attribute]
pub fn routes(arguments: TokenStream, item: TokenStream) -> TokenStream {
    routes::attribute(arguments.into(), item.into()).into()
}

/// Declares scopes for access tokens and API keys. Each becomes a type for
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
/// A name has 1 to 64 visible ASCII characters, without `"` and `\` (RFC 6749, section 3.3).
#[proc_macro]
pub fn scopes(input: TokenStream) -> TokenStream {
    scopes::scopes(input.into()).into()
}

/// Declares roles for the column with `#[auth(role)]`. Each becomes a type for
/// [`Role`](../crudauth/struct.Role.html).
///
/// ```ignore
/// crudauth::roles! {
///     /// May publish.
///     pub Editor = "editor"; // in a column of text
///     pub Admin = 0b10;      // in a column of integers
/// }
/// ```
///
/// A name has 1 to 64 visible ASCII characters, without `,`. A text may hold several, separated by
/// commas or white space. A number has the roles all of whose bits it has.
///
/// A type of the app's own holds roles by [`HasRole`](../crudauth/trait.HasRole.html); such a role is
/// any type.
#[proc_macro]
pub fn roles(input: TokenStream) -> TokenStream {
    roles::roles(input.into()).into()
}

/// Returns the migrations of a mount: `crudauth::migrations!(Auth).run(&pool).await?`.
///
/// For a mount they create the account table and the tables of its slices. For a user struct,
/// `migrations!(User)`, they create the account table and the tables of all slices.
#[proc_macro]
pub fn migrations(input: TokenStream) -> TokenStream {
    migrations::migrations(input.into()).into()
}
