//! Roles by name, by bits and of a type of the app, in private and public columns.

#![deny(warnings, missing_docs)]
#![allow(unreachable_pub, reason = "a public struct is tried, too")]

use crudauth::{Any, CurrentUser, HasRole, Role, RoleBits, RoleName, Superuser};

crudauth::roles! {
    pub Editor = "editor";
    /// May do everything.
    pub(crate) Admin = 0b100;
}

crudauth::roles! {}

/// A type that no other module sees.
#[derive(Clone, Debug, PartialEq, sqlx::Type)]
#[sqlx(transparent)]
struct Rank(i64);

struct Chief;

impl HasRole<Chief> for Rank {
    fn has_role(&self) -> bool {
        self.0 == 9
    }
}

/// A user.
#[derive(Clone, Debug, crudauth::AuthUser)]
pub struct User {
    id: i64,
    email: String,
    #[auth(role, default = Rank(0))]
    rank: Rank,
}

#[crudauth::routes(user = User, session)]
struct Auth;

type Boss = (Role<Chief>, Any<(Superuser, Role<Chief>)>);

#[poem::handler]
async fn chief(user: CurrentUser<Auth, Boss>) -> String {
    user.principal().account().has_role::<Chief>().to_string()
}

#[test]
fn roles_are_declared_in_every_form() {
    crudauth::roles! { Here = "here"; }
    assert_eq!((Editor::NAME, Here::NAME, Admin::BITS), ("editor", "here", 4));
    let user = User { id: 1, email: "ada@example.com".to_owned(), rank: Rank(9) };
    assert!(HasRole::<Chief>::has_role(&user.rank) && user.id == 1 && !user.email.is_empty());
    let _ = (Editor, Admin, Here, chief);
}
