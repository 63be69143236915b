//! Description of a user struct: its table, its columns and its identifiers.
//!
//! Implemented by `#[derive(AuthUser)]`. Everything is constant, so the compiler can render SQL.

use std::collections::HashMap;

use super::{AccountId, Code, EmailAddress, PhoneNumber, Username};
use crate::form::{Form, InvalidField};

/// The user struct of an app, implemented by `#[derive(AuthUser)]`.
///
/// The struct has the columns that the app reads. The password hash and the other columns of
/// [`Companion`] are read in the same query, and never reach the app.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a user struct",
    label = "needs `#[derive(AuthUser)]`",
    note = "add `#[derive(crudauth::AuthUser)]` to `{Self}`"
)]
pub trait AuthUser: Clone + Send + Sync + 'static {
    /// Type of the primary key.
    type Id: AccountId;
    /// Values of the columns that sign-up may set, besides identifiers and password.
    type SignUp: Clone + Send + Sync + 'static;
    /// New values of the columns that owners may change; each may be absent.
    type Edit: Clone + Send + Sync + 'static;

    /// Table and columns.
    const SHAPE: Shape;

    /// Source of the keys of new accounts. By default, the type of the key implies it.
    const KEY_SOURCE: KeySource = KeySource::of::<Self::Id>();

    /// Makes the key of a new account; `None` if the database does.
    #[must_use]
    fn generate_id() -> Option<Self::Id> {
        Self::Id::generate()
    }

    /// Returns the primary key.
    fn id(&self) -> &Self::Id;

    /// Returns the identifiers in the order of [`Shape::identifiers`]; `None` for one that the
    /// account does not have.
    fn identifiers(&self) -> Vec<Option<&str>>;

    /// Returns the fields with `#[auth(export)]`, by name, for the export of an account.
    #[must_use]
    fn exported(&self) -> Vec<(&'static str, serde_json::Value)> {
        Vec::new()
    }

    /// Reads the columns with `#[auth(register)]` from a sign-up form.
    ///
    /// # Errors
    /// [`InvalidField`] if a field is invalid; the form has the errors.
    fn sign_up(form: &mut Form) -> Result<Self::SignUp, InvalidField>;

    /// Reads the columns with `#[auth(editable)]` that a form has.
    ///
    /// # Errors
    /// [`InvalidField`] if a field is invalid; the form has the errors.
    fn edit(form: &mut Form) -> Result<Self::Edit, InvalidField>;
}

/// A user struct with columns that owners may change.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no editable column",
    label = "required by the slice `profile`",
    note = "mark a field that owners may change with `#[auth(editable)]`, or remove `profile`"
)]
pub trait Editable: AuthUser {}

/// A user struct with a username.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no username",
    label = "required by the slice `username`",
    note = "add a field `username: String` to `{Self}`, or remove `username`"
)]
pub trait HasUsername: AuthUser {}

/// A user struct with a recovery contact: an email address or a phone number.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no recovery contact",
    label = "needs an email address or a phone number",
    note = "add a field `email: String` or `phone: String` to `{Self}`, or remove the slices `email` and \
            `recovery` and the gate `Verified`"
)]
pub trait Recoverable: AuthUser {}

/// A user struct with an email address as recovery contact.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no email address as recovery contact",
    label = "required by the slices `email` and `oauth`",
    note = "add a field `email: String` to `{Self}`, or use `recovery` instead of `email` in \
            `#[crudauth::routes(..)]` and configure a channel"
)]
pub trait RecoverableByEmail: AuthUser {}

/// The table of a user struct.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Schema of the tables (PostgreSQL), or their database (MySQL); `None` for the one that the
    /// connection finds. SQLite has none.
    pub schema: Option<&'static str>,
    /// Name of the table.
    pub table: &'static str,
    /// Column of the primary key.
    pub id: &'static str,
    /// Columns of the struct, in the order of its fields.
    pub columns: &'static [&'static str],
    /// Identifiers, in the order in which sign-in tries them.
    pub identifiers: &'static [IdentifierColumn],
    /// Position of the recovery contact among the identifiers.
    pub recovery: Option<usize>,
    /// Columns of the struct that sign-up writes, besides key and identifiers.
    pub written: &'static [&'static str],
    /// Fields of a sign-up besides identifiers and password: name in the request, and column.
    pub asked: &'static [(&'static str, &'static str)],
    /// Fields that owners may change: name in the request, and column.
    pub editable: &'static [(&'static str, &'static str)],
    /// Columns of the struct that sign-up fills with a literal. An existing table may lack the
    /// default.
    pub defaults: &'static [(&'static str, SqlDefault)],
    /// Unique columns of the struct, besides the identifiers.
    pub unique: &'static [&'static str],
    /// Columns of the struct that lose their value when an account is deleted and its row stays: `None`
    /// sets NULL.
    pub erased: &'static [(&'static str, Option<SqlDefault>)],
    /// Columns of the library in the same table.
    pub companion: Companion,
}

impl Shape {
    /// Returns the column of the recovery contact.
    #[must_use]
    pub const fn recovery_column(&self) -> Option<&'static IdentifierColumn> {
        match self.recovery {
            Some(at) => Some(&self.identifiers[at]),
            None => None,
        }
    }

    /// Returns the position of the first identifier of that kind.
    #[must_use]
    pub fn position(&self, kind: IdentifierKind) -> Option<usize> {
        self.identifiers.iter().position(|identifier| identifier.kind == kind)
    }
}

/// The source of the keys of new accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The database counts up.
    Counted,
    /// The library makes a key, or the app's function does.
    Library,
    /// The column has a default in the database.
    Database,
}

impl KeySource {
    /// Returns the source that a type of keys implies.
    #[must_use]
    pub const fn of<Id: AccountId>() -> Self {
        if Id::IS_COUNTED { Self::Counted } else { Self::Library }
    }
}

/// The unit of times that are stored as numbers since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

/// Default of a column, for new rows and for rows that exist when the column is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlDefault {
    /// A text.
    Text(&'static str),
    /// An integer.
    Integer(i64),
    /// A boolean.
    Boolean(bool),
    /// The time of the insert, or of the migration.
    Now,
    /// A random number of each row, zero or more.
    Random,
}

/// A column with an identifier or the recovery contact.
#[derive(Clone, Copy, Debug)]
pub struct IdentifierColumn {
    /// Name in requests and responses.
    pub name: &'static str,
    /// Name in the table.
    pub column: &'static str,
    /// Column with the compared, unique form; equal to [`column`](Self::column) if there is one
    /// form.
    pub key: &'static str,
    /// Kind of identifier.
    pub kind: IdentifierKind,
    /// Maximum number of characters, if smaller than that of the kind.
    pub max_chars: Option<usize>,
    /// `true` if an account may have none.
    pub is_optional: bool,
    /// `true` if sign-in looks it up.
    pub is_login: bool,
    /// `true` if an empty text means that the account has none.
    pub is_blank_null: bool,
}

impl IdentifierColumn {
    /// Returns `true` if the compared form has its own column.
    #[must_use]
    pub const fn has_own_key(&self) -> bool {
        !is_same(self.column, self.key)
    }

    /// Returns the maximum number of characters.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.max_chars.map_or(self.kind.max_chars(), |own| own.min(self.kind.max_chars()))
    }

    /// Returns the maximum number of characters in a live table with these columns.
    pub(crate) fn holds(&self, widths: &HashMap<String, usize>) -> usize {
        widths.get(self.column).copied().unwrap_or(usize::MAX).min(self.longest())
    }
}

/// Compares texts in a constant.
const fn is_same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let ([x, rest_of_a @ ..], [y, rest_of_b @ ..]) = (a, b) {
        if *x != *y {
            return false;
        }
        (a, b) = (rest_of_a, rest_of_b);
    }
    a.is_empty() && b.is_empty()
}

/// A kind of identifier. Each has a type with one normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentifierKind {
    /// An [`EmailAddress`].
    Email,
    /// A [`Username`].
    Username,
    /// A [`PhoneNumber`].
    Phone,
    /// A [`Code`] that the app assigns.
    Code,
}

impl IdentifierKind {
    /// Returns the maximum number of characters.
    #[must_use]
    pub const fn max_chars(self) -> usize {
        match self {
            Self::Email => EmailAddress::MAX_CHARS,
            Self::Username => Username::MAX_CHARS,
            Self::Phone => PhoneNumber::MAX_CHARS,
            Self::Code => Code::MAX_CHARS,
        }
    }
}

/// The columns of the library in the user's table, hidden from the app.
///
/// The default names are those of crudauth-py, so that its tables work unchanged.
#[derive(Clone, Copy, Debug)]
pub struct Companion {
    /// Password hash.
    pub hash: &'static str,
    /// `true` if the account may sign in.
    pub active: &'static str,
    /// `true` if the account passes the superuser gate.
    pub superuser: &'static str,
    /// Version, incremented to revoke all sessions and tokens.
    pub version: &'static str,
    /// Random number of this account, so that a reused primary key inherits no credentials.
    pub epoch: &'static str,
    /// `true` if the recovery contact is verified; `None` for a shape without one.
    pub verified: Option<&'static str>,
    /// Time of creation.
    pub created: &'static str,
    /// Time of the last change by the library.
    pub updated: &'static str,
    /// Unit of these times if they are numbers.
    pub times: Option<TimeUnit>,
    /// Time at which the account was deleted, by the app or with
    /// [`AccountConfig::keep_rows`](crate::slices::account::AccountConfig).
    pub deleted: Option<&'static str>,
}
