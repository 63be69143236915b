//! What the derive tells about a struct: its table, its columns, what names an account.
//!
//! Everything here is constant, so that SQL text can be rendered by the compiler.

use super::{AccountId, Code, EmailAddress, PhoneNumber, Username};
use crate::form::{Form, InvalidField};

/// A struct that `#[derive(AuthUser)]` was put on.
///
/// It holds what the app wants to see of an account. The password hash and the other columns of
/// [`Companion`] are read beside it and never reach the app.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a user struct",
    label = "needs `#[derive(AuthUser)]`",
    note = "put `#[derive(crudauth::AuthUser)]` on `{Self}`"
)]
pub trait AuthUser: Clone + Send + Sync + 'static {
    /// The type of the key.
    type Id: AccountId;
    /// The values of the columns that a sign-up may set beside identifiers and password.
    type SignUp: Send + 'static;

    /// The table and its columns.
    const SHAPE: Shape;

    /// The key of this account.
    fn id(&self) -> &Self::Id;

    /// The values of the identifiers, in the order of [`Shape::identifiers`]; `None` where the
    /// account has none.
    fn identifiers(&self) -> Vec<Option<&str>>;

    /// Takes the opted-in columns out of a sign-up form, or notes there what is wrong with them.
    fn sign_up(form: &mut Form) -> Result<Self::SignUp, InvalidField>;
}

/// A user struct whose accounts can be recovered: it has an address or a number that messages
/// reach.
#[diagnostic::on_unimplemented(
    message = "nothing recovers the accounts of `{Self}`",
    label = "needs a field that messages reach",
    note = "add a field `email: String` or `phone: String` to `{Self}`, or drop what needs it: the \
            slices `email` and `recovery`, the gate `Verified`"
)]
pub trait Recoverable: AuthUser {}

/// A user struct whose accounts are recovered by email.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no address to recover an account by",
    label = "the `email` slice needs one",
    note = "add a field `email: String` to `{Self}`, or write `recovery` in place of `email` in \
            `#[crudauth::routes(..)]` and give the builder a channel"
)]
pub trait RecoverableByEmail: AuthUser {}

/// The table behind a user struct.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The table's name.
    pub table: &'static str,
    /// The column of the key.
    pub id: &'static str,
    /// The columns that the struct itself reads, in the order of its fields.
    pub columns: &'static [&'static str],
    /// What names an account, in the order in which a login tries them.
    pub identifiers: &'static [IdentifierColumn],
    /// The position of the identifier that recovers an account.
    pub recovery: Option<usize>,
    /// The struct's columns that a sign-up writes, beside key and identifiers.
    pub written: &'static [&'static str],
    /// What a sign-up asks for beside identifiers and password: its name in the request, and its
    /// column.
    pub asked: &'static [(&'static str, &'static str)],
    /// The struct's columns that a sign-up fills with a literal. A table that was there before us
    /// need not have it as a default.
    pub defaults: &'static [(&'static str, Literal)],
    /// The struct's columns, beside the identifiers, of which no two rows may have the same value.
    pub unique: &'static [&'static str],
    /// The columns that the library keeps beside the struct's.
    pub companion: Companion,
}

impl Shape {
    /// The identifier that recovers an account.
    #[must_use]
    pub const fn recovery_column(&self) -> Option<&'static IdentifierColumn> {
        match self.recovery {
            Some(at) => Some(&self.identifiers[at]),
            None => None,
        }
    }

    /// The position of the first identifier of that kind.
    #[must_use]
    pub fn position(&self, kind: IdentifierKind) -> Option<usize> {
        self.identifiers.iter().position(|identifier| identifier.kind == kind)
    }
}

/// A value that is part of a statement's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal {
    /// A text.
    Text(&'static str),
    /// A whole number.
    Integer(i64),
    /// A truth value.
    Boolean(bool),
}

/// A column that names an account, or by which it is recovered.
#[derive(Clone, Copy, Debug)]
pub struct IdentifierColumn {
    /// Its name in requests and answers.
    pub name: &'static str,
    /// Its name in the table.
    pub column: &'static str,
    /// The column that holds the compared form, which is unique; [`column`](Self::column) itself
    /// where both are one.
    pub key: &'static str,
    /// What kind of text it holds.
    pub kind: IdentifierKind,
    /// The most characters that a sign-up may give, where that is fewer than the kind takes.
    pub max_chars: Option<usize>,
    /// Whether an account may be without it.
    pub is_optional: bool,
    /// Whether a login looks here.
    pub is_login: bool,
}

impl IdentifierColumn {
    /// Whether the compared form is kept beside the shown one.
    #[must_use]
    pub const fn has_own_key(&self) -> bool {
        !is_same(self.column, self.key)
    }

    /// The most characters that a sign-up may give.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.max_chars.map_or(self.kind.max_chars(), |own| own.min(self.kind.max_chars()))
    }
}

/// Comparing texts in a constant.
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

/// A kind of identifier; each has a parsed type with one normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentifierKind {
    /// An [`EmailAddress`].
    Email,
    /// A [`Username`].
    Username,
    /// A [`PhoneNumber`].
    Phone,
    /// A [`Code`] of the app's own.
    Code,
}

impl IdentifierKind {
    /// The most characters that one may have.
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

/// The columns that the library keeps in the user's table and shows to nobody.
///
/// The names are those of crudauth-py, whose tables are taken over as they are.
#[derive(Clone, Copy, Debug)]
pub struct Companion {
    /// The password hash.
    pub hash: &'static str,
    /// Whether the account may sign in.
    pub active: &'static str,
    /// Whether the account passes the superuser gate.
    pub superuser: &'static str,
    /// Counted up by whatever ends every session and token.
    pub version: &'static str,
    /// A random number that is this account's alone: a key that is used again inherits nothing.
    pub epoch: &'static str,
    /// Whether what recovers the account was proved; a shape without recovery has none.
    pub verified: Option<&'static str>,
    /// When the account was made.
    pub created: &'static str,
    /// When the library last changed it.
    pub updated: &'static str,
}

impl Companion {
    /// How many columns are read beside the struct's own: hash, flags, version, epoch, and whether
    /// the account is verified where there is a column for it.
    #[must_use]
    pub const fn read_count(&self) -> usize {
        5 + self.verified.is_some() as usize
    }
}
