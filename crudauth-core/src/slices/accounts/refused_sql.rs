//! Sign-ups that the database refuses: by the app's own constraints, indexes and triggers, or because
//! a column cannot hold a value.

use tracing::{error, warn};

use super::insert_sql::{NewName, new_names};
use crate::account_store::{Created, NewAccount};
use crate::model::{AuthUser, Contact, Identifier};
use crate::random::random;
use crate::sql::refused::{RefusalKind, RefusedRow, column_in};
use crate::sql::{AuthRow, Backend, Dialect, SqlStore, Stores, rows};
use crate::store_error::StoreError;

/// The table of the bound names, in PostgreSQL.
macro_rules! postgres_table {
    () => {
        "pg_catalog.to_regclass(COALESCE(pg_catalog.quote_ident(:schema) || '.', '') \
         || pg_catalog.quote_ident(:table))"
    };
}

/// The text of an index or a constraint of a table, by its name.
const fn definition(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT sql FROM sqlite_master \
             WHERE type = 'index' AND name = :name AND tbl_name = :table"
        }
        Dialect::Postgres => concat!(
            "SELECT pg_catalog.pg_get_indexdef(i.indexrelid) FROM pg_catalog.pg_index i \
             JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid \
             WHERE x.relname = :name AND i.indrelid = ",
            postgres_table!(),
            " UNION ALL SELECT pg_catalog.pg_get_constraintdef(c.oid) \
             FROM pg_catalog.pg_constraint c WHERE c.conname = :name AND c.conrelid = ",
            postgres_table!()
        ),
        Dialect::MySql => {
            "SELECT CAST(GROUP_CONCAT(column_name) AS CHAR) FROM information_schema.statistics \
             WHERE table_schema = COALESCE(:schema, DATABASE()) AND index_name = :name \
             AND table_name = :table HAVING COUNT(*) > 0 \
             UNION ALL SELECT CAST(check_clause AS CHAR) FROM information_schema.check_constraints \
             WHERE constraint_schema = COALESCE(:schema, DATABASE()) AND constraint_name = :name"
        }
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// Explains why an insertion failed.
    pub(super) async fn refused(
        &self,
        names: &[Option<NewName>],
        cause: sqlx::Error,
    ) -> Result<Created<U::Id>, StoreError> {
        let Some(refusal) = RefusedRow::of(&cause) else { return Err(cause.into()) };
        if refusal.kind == RefusalKind::Taken {
            let taken = self.taken(names, Vec::new()).await?;
            if !matches!(&taken, Created::Taken { identifiers } if identifiers.is_empty()) {
                return Ok(taken);
            }
        }
        let shape = &U::SHAPE;
        let identifiers =
            shape.identifiers.iter().flat_map(|one| [(one.name, one.column), (one.name, one.key)]);
        let fields: Vec<_> = identifiers.chain(shape.asked.iter().copied()).collect();
        let field = self.field(&refusal, &fields).await;
        let constraint = refusal.name.as_deref();
        let is_here = !refusal.is_elsewhere(shape.table);
        match (refusal.kind, field) {
            // A value of a column of the app, or an identifier that only an index of the app takes for
            // another one. No account has the contact, so a message to it would help nobody.
            (RefusalKind::Taken, Some(field)) => Ok(Created::Conflict { field }),
            (RefusalKind::Taken, None) if is_here => {
                error!(
                    index = constraint,
                    "a unique index refuses the row of a sign-up, and no value of the form explains \
                     it: the sequence of the key may be behind the rows"
                );
                Err(cause.into())
            }
            // A column that the form does not fill.
            (RefusalKind::Null, None) if is_here => Err(cause.into()),
            (_, field) => {
                let reason = &*refusal.reason;
                warn!(constraint, field, reason, "the database refuses the row of a sign-up");
                Ok(Created::Refused { field })
            }
        }
    }

    /// The field of the form that a refusal is about, if that is known. `fields` are the names of the
    /// form, with their columns.
    pub(crate) async fn field(
        &self,
        refusal: &RefusedRow,
        fields: &[(&'static str, &'static str)],
    ) -> Option<&'static str> {
        let table = U::SHAPE.table;
        let columns: Vec<_> = fields.iter().map(|(_, column)| *column).collect();
        let mut column = refusal.column(table, &columns);
        if let (None, Some(name)) = (column, &refusal.name) {
            let text = self.definition_of(name).await.unwrap_or_default();
            // The statement names the index and the table before the columns.
            let listed = text.strip_prefix("CREATE").and_then(|text| text.split_once('('));
            let text = listed.map_or(&*text, |(_, listed)| listed);
            column = column_in(text, table, &columns);
        }
        let (name, _) = fields.iter().find(|(_, one)| Some(*one) == column)?;
        Some(name)
    }

    /// The text of an index or a constraint; `None` if the database does not tell.
    async fn definition_of(&self, name: &str) -> Option<String> {
        // MySQL puts the table before the name.
        let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
        let table = U::SHAPE.table;
        let query = self.query(definition(DB::DIALECT));
        let query = query.bind("name", name.to_owned()).bind("table", table.to_owned());
        let query = query.bind("schema", self.schema_of(table).map(str::to_owned));
        let row = self.row(query).await.ok()??;
        rows::take::<DB, Option<String>>(&row, 0).ok()?
    }

    /// Returns the answer for a sign-up whose contact is taken: whether the database would refuse the
    /// other values. Otherwise a refusal would reveal that a contact is free.
    pub(super) async fn refused_anyway(
        &self,
        account: &NewAccount<U>,
    ) -> Result<Option<Created<U::Id>>, StoreError> {
        let Some(decoy) = decoy(account) else { return Ok(None) };
        let names = new_names(&decoy);
        let mut tx = self.begin().await?;
        let inserted = self.insert_in(&mut tx, &decoy, &names).await;
        let Err(cause) = inserted else {
            tx.roll_back(()).await?;
            return Ok(None);
        };
        drop(tx);
        match self.refused(&names, cause).await? {
            refused @ (Created::Refused { .. } | Created::Conflict { .. }) => Ok(Some(refused)),
            Created::Added(_) | Created::Taken { .. } | Created::InvitationEnded => Ok(None),
        }
    }
}

/// The same account with a random contact of the same form.
fn decoy<U: AuthUser>(account: &NewAccount<U>) -> Option<NewAccount<U>> {
    let at = U::SHAPE.recovery?;
    let contact = account.identifiers[at].clone()?.into_contact()?;
    let shown = contact.as_str();
    let random: [u8; 16] = random();
    let text = match contact {
        Contact::Email(_) => {
            let (local, domain) = shown.rsplit_once('@')?;
            let letters = random.iter().map(|byte| char::from(b'a' + byte % 26));
            format!("{}@{domain}", letters.take(local.len().min(16)).collect::<String>())
        }
        Contact::Phone(_) => {
            let (kept, replaced) = shown.split_at_checked(shown.len().saturating_sub(6))?;
            let digits = random.iter().map(|byte| char::from(b'0' + byte % 10));
            format!("{kept}{}", digits.take(replaced.len()).collect::<String>())
        }
    };
    let mut decoy = account.clone();
    decoy.identifiers[at] = Identifier::parse(U::SHAPE.identifiers[at].kind, &text).ok();
    decoy.identifiers[at].is_some().then_some(decoy)
}
