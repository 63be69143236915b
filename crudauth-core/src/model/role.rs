//! Roles in a column of the app.
//!
//! A role is a type. The column is part of the user struct, so a check of a role is no query.

use super::{Account, AuthUser};

/// A user struct that can hold the role `R` in its column with `#[auth(role)]`.
///
/// `#[derive(AuthUser)]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no role column",
    label = "needs a column for roles",
    note = "mark the field that holds them: `#[auth(role)] role: Option<String>`"
)]
pub trait RoleHolder<R>: AuthUser {
    /// Returns `true` if the column holds the role.
    #[must_use]
    fn has_role(&self) -> bool;
}

/// A type of role columns that can hold the role `R`.
///
/// A [`String`] holds roles with a [name](RoleName), one or several, separated by commas or white
/// space. An integer holds roles with [bits](RoleBits). An `Option` holds the roles of its value.
/// A type of the app implements the trait for each role:
///
/// ```
/// # use crudauth_core::model::HasRole; // crudauth::HasRole
/// #[derive(Clone, Copy, PartialEq, PartialOrd)]
/// enum Rank { Member, Editor, Admin }
///
/// struct Editor;
/// struct Admin;
///
/// impl HasRole<Editor> for Rank {
///     fn has_role(&self) -> bool {
///         *self >= Self::Editor // an admin is an editor, too
///     }
/// }
///
/// impl HasRole<Admin> for Rank {
///     fn has_role(&self) -> bool {
///         *self == Self::Admin
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a column of type `{Self}` cannot hold the role `{R}`",
    label = "cannot hold this role",
    note = "declare a role by its name for a text, `crudauth::roles! {{ {R} = \"..\"; }}`, or by its bit for an integer, `{R} = 1;`, and implement `HasRole<{R}>` for a type of your own"
)]
pub trait HasRole<R> {
    /// Returns `true` if the value includes the role.
    #[must_use]
    fn has_role(&self) -> bool;
}

/// A role with a name, declared by `roles! { Admin = "admin"; }`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a role with a name",
    label = "a column of text needs a role with a name",
    note = "declare it by its name: `crudauth::roles! {{ {Self} = \"..\"; }}`"
)]
pub trait RoleName {
    /// Name of the role in a text. It is compared as it is.
    const NAME: &'static str;
}

/// A role with bits, declared by `roles! { Admin = 0b100; }`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a role with bits",
    label = "a column of integers needs a role with bits",
    note = "declare it by its bits: `crudauth::roles! {{ {Self} = 1; }}`"
)]
pub trait RoleBits {
    /// The bits. A number has the role if it has all of them.
    const BITS: u64;
}

impl<U: AuthUser> Account<U> {
    /// Returns `true` if it has the role `R`, as it was when the account was loaded.
    #[must_use]
    pub fn has_role<R>(&self) -> bool
    where
        U: RoleHolder<R>,
    {
        self.user.has_role()
    }
}

impl<R: RoleName> HasRole<R> for String {
    fn has_role(&self) -> bool {
        let is_between = |letter: char| letter == ',' || letter.is_whitespace();
        self.split(is_between).any(|name| !name.is_empty() && name == R::NAME)
    }
}

impl<R, T: HasRole<R>> HasRole<R> for Option<T> {
    fn has_role(&self) -> bool {
        self.as_ref().is_some_and(T::has_role)
    }
}

macro_rules! bits {
    ($($number:ty),*) => {$(
        /// A negative number has no role.
        impl<R: RoleBits> HasRole<R> for $number {
            fn has_role(&self) -> bool {
                let has_all = |bits: u64| R::BITS != 0 && bits & R::BITS == R::BITS;
                u64::try_from(*self).is_ok_and(has_all)
            }
        }
    )*};
}
bits!(i16, i32, i64, u8, u16, u32, u64);

#[cfg(test)]
mod tests {
    use super::*;

    struct Admin;
    struct Nameless;

    impl RoleName for Admin {
        const NAME: &'static str = "admin";
    }

    impl RoleName for Nameless {
        const NAME: &'static str = "";
    }

    impl RoleBits for Admin {
        const BITS: u64 = 0b101;
    }

    impl RoleBits for Nameless {
        const BITS: u64 = 0;
    }

    fn holds<R>(column: &impl HasRole<R>) -> bool {
        column.has_role()
    }

    #[test]
    fn a_text_holds_the_roles_that_it_lists() {
        for text in ["admin", "editor,admin", "admin editor", " editor ,\tadmin\n"] {
            assert!(holds::<Admin>(&text.to_owned()), "{text:?}");
        }
        for text in ["", "Admin", "admins", "super-admin", "admin;editor", "editor"] {
            assert!(!holds::<Admin>(&text.to_owned()), "{text:?}");
            assert!(!holds::<Nameless>(&text.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn a_number_holds_a_role_if_it_has_all_of_its_bits() {
        assert!(holds::<Admin>(&0b101_i32) && holds::<Admin>(&0b111_u8));
        assert!(!holds::<Admin>(&0b100_i32) && !holds::<Admin>(&0_i64));
        assert!(!holds::<Admin>(&-1_i64), "a negative number has every bit");
        assert!(!holds::<Nameless>(&0_i32) && !holds::<Nameless>(&1_i32));
    }

    #[test]
    fn an_absent_value_holds_no_role() {
        assert!(holds::<Admin>(&Some("admin".to_owned())));
        assert!(!holds::<Admin>(&None::<String>));
    }
}
