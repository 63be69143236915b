//! A user struct for mounts that did not compile, so that one mistake is one error.

use crudauth_core::model::{
    AuthUser, Companion, Form, InvalidField, Recoverable, RecoverableByEmail, Shape,
};
use crudauth_core::sql::{AuthRow, Backend, Call, ColumnPlan};

/// Nobody: no value of it exists.
#[derive(Clone, Debug)]
pub enum Nobody {}

impl AuthUser for Nobody {
    type Id = i64;
    type SignUp = ();
    const SHAPE: Shape = Shape {
        table: "nobody",
        id: "id",
        columns: &[],
        identifiers: &[],
        recovery: None,
        written: &[],
        asked: &[],
        defaults: &[],
        unique: &[],
        companion: Companion {
            hash: "hash",
            active: "active",
            superuser: "superuser",
            version: "version",
            epoch: "epoch",
            verified: None,
            created: "created",
            updated: "updated",
        },
    };

    fn id(&self) -> &i64 {
        match *self {}
    }

    fn identifiers(&self) -> Vec<Option<&str>> {
        Vec::new()
    }

    fn sign_up(_: &mut Form) -> Result<(), InvalidField> {
        Err(InvalidField)
    }
}

impl Recoverable for Nobody {}

impl RecoverableByEmail for Nobody {}

impl<DB: Backend> AuthRow<DB> for Nobody {
    fn read(_: &DB::Row) -> Result<Self, sqlx::Error> {
        Err(sqlx::Error::RowNotFound)
    }

    fn write((): (), call: Call<DB>) -> Call<DB> {
        call
    }

    fn plan() -> Vec<ColumnPlan> {
        Vec::new()
    }
}
