//! The user struct of the tests, as the derive would implement it.

use crate::form::{Form, InvalidField};
use crate::model::{
    Account, AccountState, AuthUser, Companion, IdentifierColumn, IdentifierKind,
    RecoverableByEmail, Shape,
};
use crate::sql::{AuthRow, Backend, Call, ColumnPlan, Edits, Stores};

#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: i64,
    email: String,
}

impl Person {
    /// An account that no store has.
    pub(crate) fn unsaved(email: &str) -> Account<Self> {
        Account {
            user: Self { id: 1, email: email.to_owned() },
            is_active: true,
            is_superuser: false,
            is_verified: false,
            state: AccountState { version: 0, security_stamp: 7 },
        }
    }
}

impl RecoverableByEmail for Person {}

const EMAIL: IdentifierColumn = IdentifierColumn {
    name: "email",
    column: "email",
    key: "email",
    kind: IdentifierKind::Email,
    max_chars: None,
    is_optional: false,
    is_login: true,
    is_blank_null: false,
};

impl AuthUser for Person {
    type Id = i64;
    type SignUp = ();
    type Edit = ();

    const SHAPE: Shape = Shape {
        schema: None,
        table: "people",
        id: "id",
        columns: &["id", "email"],
        identifiers: &[EMAIL],
        recovery: Some(0),
        written: &[],
        unique: &[],
        erased: &[],
        asked: &[],
        editable: &[],
        defaults: &[],
        companion: Companion {
            hash: "hashed_password",
            active: "is_active",
            superuser: "is_superuser",
            version: "token_version",
            epoch: "auth_epoch",
            verified: Some("email_verified"),
            created: "created_at",
            updated: "updated_at",
            times: None,
            deleted: None,
        },
    };

    fn id(&self) -> &i64 {
        &self.id
    }

    fn identifiers(&self) -> Vec<Option<&str>> {
        vec![Some(&self.email)]
    }

    fn sign_up(_: &mut Form) -> Result<(), InvalidField> {
        Ok(())
    }

    fn edit(_: &mut Form) -> Result<(), InvalidField> {
        Ok(())
    }
}

impl<DB: Backend> AuthRow<DB> for Person {
    fn read(row: &DB::Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: <DB as Stores<i64>>::take(row, 0)?,
            email: <DB as Stores<String>>::take(row, 1)?,
        })
    }

    fn write((): (), call: Call<DB>) -> Call<DB> {
        call
    }

    fn write_edit((): (), edits: Edits<DB>) -> Edits<DB> {
        edits
    }

    fn plan() -> Vec<ColumnPlan> {
        vec![ColumnPlan::of::<DB, i64>("id"), ColumnPlan::of::<DB, String>("email")]
    }
}
