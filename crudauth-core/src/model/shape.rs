//! What the derive tells about a struct: its table, its columns, what names an account.
//!
//! Everything here is constant, so that SQL text can be rendered by the compiler.

use super::{AccountId, Form};

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

    /// The values of the identifiers, in the order of [`Shape::identifiers`].
    fn identifiers(&self) -> Vec<&str>;

    /// Takes the opted-in columns out of a sign-up form, or notes there what is wrong with them.
    fn sign_up(form: &mut Form) -> Option<Self::SignUp>;
}

/// A user struct whose accounts can be recovered: it has an address that messages reach.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no address to recover an account by",
    label = "the `email` slice needs one",
    note = "add a field `email: String` to `{Self}`, or drop `email` from `#[crudauth::routes(..)]`"
)]
pub trait Recoverable: AuthUser {}

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
    /// The struct's columns that a sign-up writes, beside key and identifiers.
    pub written: &'static [&'static str],
    /// The columns that the library keeps beside the struct's.
    pub companion: Companion,
}

impl Shape {
    /// The position of the identifier that recovers an account: the address.
    #[must_use]
    pub const fn recovery(&self) -> Option<usize> {
        let mut index = 0;
        while index < self.identifiers.len() {
            if matches!(self.identifiers[index].kind, IdentifierKind::Email) {
                return Some(index);
            }
            index += 1;
        }
        None
    }

    /// The position of the first identifier of that kind.
    #[must_use]
    pub fn position(&self, kind: IdentifierKind) -> Option<usize> {
        self.identifiers.iter().position(|identifier| identifier.kind == kind)
    }
}

/// A column that names an account.
#[derive(Clone, Copy, Debug)]
pub struct IdentifierColumn {
    /// Its name in requests and answers.
    pub name: &'static str,
    /// Its name in the table.
    pub column: &'static str,
    /// What kind of text it holds.
    pub kind: IdentifierKind,
}

impl IdentifierColumn {
    /// What follows the column's name in the name of the column that holds the compared form:
    /// nothing where both are one.
    #[must_use]
    pub const fn key_suffix(&self) -> &'static str {
        match self.kind {
            IdentifierKind::Email => "",
            IdentifierKind::Username => "_key",
        }
    }
}

/// A kind of identifier; each has a parsed type with one normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentifierKind {
    /// An [`EmailAddress`](super::EmailAddress).
    Email,
    /// A [`Username`](super::Username).
    Username,
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
    /// Whether the recovery address was proved.
    pub verified: &'static str,
    /// When the account was made.
    pub created: &'static str,
    /// When the library last changed it.
    pub updated: &'static str,
}

impl Companion {
    /// crudauth-py's names.
    pub const DEFAULT: Self = Self {
        hash: "hashed_password",
        active: "is_active",
        superuser: "is_superuser",
        version: "token_version",
        epoch: "auth_epoch",
        verified: "email_verified",
        created: "created_at",
        updated: "updated_at",
    };

    /// The columns that are read beside the struct's own, in reading order.
    #[must_use]
    pub const fn read(&self) -> [&'static str; 6] {
        [self.hash, self.active, self.superuser, self.version, self.epoch, self.verified]
    }
}
