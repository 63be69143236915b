//! The contract of a plan, on one table.

use crudauth::email::RecordingSender;
use crudauth::testing::App;
use crudauth::{Blocker, Mount as _};
use crudauth_tests::{Database, Kind, every_flow_works};
use fastrand::Rng;
use serde_json::json;

use super::column::{Column, Form, Role};
use super::people::{PASSWORD, Person};
use super::remedy::{self, Done};
use super::subjects::Subject;
use super::table::Table;

/// Rounds of remedies after which the blockers must be gone.
const ROUNDS: usize = 8;

/// Tables of the library whose rows refer to accounts of the table before.
const BESIDE: [&str; 5] = ["sessions", "one_time_tokens", "lockouts", "challenges", "rate_limits"];

/// The row of a person whom the app inserts after the migration.
const OTHER: usize = 9;

/// How a table ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// The database refuses the table, or its rows.
    NoSuchTable,
    /// No blocker, and every flow succeeds.
    Accepted,
    /// Each blocker was removed by its remedy; then every flow succeeds.
    Remedied,
    /// It breaks the contract.
    Broken,
}

/// Holds the contract on a table. An error is a violation.
pub(super) async fn hold<S: Subject>(
    database: &Database,
    table: &mut Table,
    dice: &mut Rng,
) -> Result<Outcome, String> {
    for beside in BESIDE {
        // The first table of a struct has none of them yet.
        drop(database.try_execute(&format!("DELETE FROM {}_{beside}", S::TABLE)).await);
    }
    if table.create(database).await.is_err() {
        return Ok(Outcome::NoSuchTable);
    }
    let outcome = remedy::<S>(database, table).await?;
    let held = migrated::<S>(database, table, dice).await;
    held.map(|()| outcome).map_err(|violation| format!("{violation}\n{table}\nwas drawn as"))
}

/// What the contract promises of a table without blockers.
async fn migrated<S: Subject>(
    database: &Database,
    table: &Table,
    dice: &mut Rng,
) -> Result<(), String> {
    let before = table.lines(database, |_| true).await;
    S::run(database).await.map_err(|error| format!("run failed: {error:?}"))?;
    let after = table.lines(database, |_| true).await;
    if before != after {
        return Err(format!("rows changed: {before:?} {after:?}"));
    }
    let again = S::plan(database).await.map_err(|error| format!("second plan: {error:?}"))?;
    if !again.is_empty() {
        return Err(format!("something is missing after the run: {again}"));
    }
    flows::<S>(database, table, dice).await
}

/// Applies the remedies of blockers until there is none.
async fn remedy<S: Subject>(database: &Database, table: &mut Table) -> Result<Outcome, String> {
    let mut told: Vec<Blocker> = Vec::new();
    for _ in 0..ROUNDS {
        let plan = S::plan(database).await.map_err(|error| format!("plan failed: {error:?}"))?;
        if plan.blockers().is_empty() {
            return Ok(if told.is_empty() { Outcome::Accepted } else { Outcome::Remedied });
        }
        let mut is_model_changed = false;
        for blocker in plan.blockers() {
            let name = blocker.column.trim_end_matches("_key");
            if !table.doubtful.contains(name) {
                return Err(format!("a sound column is blocked: {blocker}"));
            }
            let done = remedy::apply::<S>(table, database, blocker).await;
            let done = done.map_err(|error| format!("{blocker}: {error}"))?;
            is_model_changed |= done == Done::InModel;
        }
        told.extend_from_slice(plan.blockers());
        if is_model_changed && let Err(error) = table.create(database).await {
            return Err(format!("the remedies of {told:?} are refused: {error}"));
        }
    }
    Err(format!("remedies removed no blocker: {told:?}"))
}

/// The name by which a row is found. A text without `@` is looked for as a username only, and the
/// padding of a CHAR is no part of a text.
fn searched<'n>(table: &Table, column: &str, name: &'n str) -> Option<&'n str> {
    let is_padded = |one: &Column| one.name == column && one.sql_type.starts_with("CHAR(");
    let is_padded = table.kind != Kind::Sqlite && table.columns.iter().any(is_padded);
    let name = if is_padded { name.trim_end() } else { name };
    Some(name).filter(|name| !name.is_empty() && *name != "nobody")
}

/// The old names are found, and every flow succeeds.
async fn flows<S: Subject>(
    database: &Database,
    table: &Table,
    dice: &mut Rng,
) -> Result<(), String> {
    let outbox = RecordingSender::default();
    let auth = S::build(database, &outbox).await.map_err(|error| format!("build: {error:?}"))?;
    let other = Person::plain(dice, "other");
    let insert = table.insert_statement(OTHER, &other);
    // No row told that the app writes texts where the struct reads numbers.
    let is_told = !table.people.is_empty()
        || !S::HAS_EPOCHS
        || table.columns.iter().all(|one| one.role != Role::Time || one.form == Form::Number);
    // An app that knows nothing of a required name has no accounts.
    let is_complete = (S::IS_EMAIL_OPTIONAL || table.has("email"))
        && (!S::HAS_USERNAME || table.has("username"))
        && (!S::HAS_EPOCHS || table.has("created_at"))
        && is_told;
    if is_complete {
        let inserted = database.try_execute(&insert).await;
        inserted.map_err(|error| format!("the app's INSERT fails: {insert}: {error}"))?;
    }
    let is_stable = |role, tail: &str| {
        matches!(role, Role::Id | Role::Extra | Role::Email | Role::Username) && tail.len() < 10
    };
    let before = table.lines(database, |column| is_stable(column.role, column.tail)).await;
    let app = App::new(&auth, auth.routes()).mails(&outbox);
    let accounts = auth.mounted().accounts();
    let has_hash = table.columns.iter().any(|one| one.name == "hashed_password" && one.is_named);
    let others = is_complete.then_some((OTHER, &other));
    for (row, person) in table.people.iter().enumerate().chain(others) {
        let names = [("email", &person.email), ("username", &person.username)];
        for (column, name) in names.into_iter().filter(|(column, _)| table.holds(column, row)) {
            let name = name.as_deref().and_then(|name| searched(table, column, name));
            let Some(name) = name else { continue };
            let found = accounts.find_by_identifier(name).await;
            if !matches!(found, Ok(Some(_))) {
                return Err(format!("{name:?} is not found: {:?}", found.map(|_| ())));
            }
            if has_hash && person.is_known && table.holds("hashed_password", row) {
                app.signed_in(name, PASSWORD).await;
            }
        }
    }
    let new = json!({ "email": "new@example.com", "username": "newcomer", "password": PASSWORD });
    let existing = has_hash && dice.u8(..5) == 0 && is_complete;
    let existing = existing.then_some(("other@example.com", PASSWORD));
    every_flow_works(&auth, &outbox, existing.filter(|_| table.has("email")), new).await;
    let after = table.lines(database, |column| is_stable(column.role, column.tail)).await;
    if !after.is_superset(&before) {
        return Err(format!("sign-ins changed rows: {before:?} {after:?}"));
    }
    Ok(())
}
