//! Reads the rows of a table for everything that blocks a migration: duplicates in the compared
//! form, forms that no login searches for, NULLs.
//!
//! Each function reads the whole table once, so `run` calls none while nothing is missing.

use std::collections::HashMap;

use super::affinity::Affinity;
use super::blocker::Samples;
use super::live::LiveTable;
use super::pages::Pages;
use super::queries::{self, Page, SAMPLES};
use super::table_diff::TableDiff;
use super::{Blocker, BlockerKind, ddl, fits};
use crate::model::{Contact, IdentifierColumn, IdentifierKind};
use crate::sql::{Backend, Call, Dialect, rows};

/// The values of an identifier in all rows.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Whether every compared form is the shown one in lower case, which SQL can compute.
    pub(super) is_lower_case_only: bool,
    /// Whether no two rows have the same compared form.
    pub(super) is_unique: bool,
    pub(super) blockers: Vec<Blocker>,
    pub(super) remarks: Vec<String>,
}

/// The number of values and the first of them.
#[derive(Clone, Debug, Default)]
struct Sample {
    count: u64,
    first: Vec<String>,
}

impl Sample {
    fn add(&mut self, value: &str) {
        self.count += 1;
        if self.first.len() < SAMPLES {
            self.first.push(value.to_owned());
        }
    }
}

/// Counts of one pass over the rows.
#[derive(Debug, Default)]
struct Tally {
    /// Whether the database takes a text with blanks at its end for the text without them.
    is_padded: bool,
    /// Each compared form, and whether it is a duplicate.
    seen: HashMap<String, bool>,
    duplicates: Sample,
    not_normalized: Sample,
    /// Values that no message can be sent to.
    unreachable: Sample,
    /// Rows in which the compared form is more than the shown one in lower case.
    not_lower_case: u64,
}

impl Tally {
    /// Adds a row: the shown form, and the stored compared form if there is one.
    fn add(&mut self, identifier: &IdentifierColumn, shown: &str, stored: Option<&str>) {
        if Contact::parse_stored(identifier.kind, shown).is_none() {
            self.unreachable.add(shown);
        }
        let key = identifier.key_of(shown);
        if !shown.is_ascii() || key != shown.to_ascii_lowercase() {
            self.not_lower_case += 1;
        }
        match stored {
            // Other software may store another form in a column of that name.
            Some(stored) if stored != key => self.not_normalized.add(stored),
            None if key != shown && !identifier.finds(shown) => self.not_normalized.add(shown),
            _ => {}
        }
        let kept = if self.is_padded { key.trim_end_matches(' ') } else { &key };
        match self.seen.get_mut(kept) {
            None => drop(self.seen.insert(kept.to_owned(), false)),
            Some(is_duplicate) if !*is_duplicate => {
                *is_duplicate = true;
                self.duplicates.add(&key);
            }
            Some(_) => {}
        }
    }
}

impl<DB: Backend> TableDiff<'_, DB> {
    /// The columns of SQLite whose declared type is open, and whose first value is a number although
    /// the struct names no unit, or the other way round.
    pub(super) async fn times(&mut self) -> Result<Vec<Blocker>, sqlx::Error> {
        let names = self.subject.shape().companion;
        let mut blockers = Vec::new();
        for name in [names.created, names.updated].into_iter().chain(names.deleted) {
            let column = self.live.column(name);
            let open = column.filter(|column| Affinity::of(&column.sql_type) == Affinity::Numeric);
            let Some(column) = open else { continue };
            let Some(row) = self.row(queries::is_first_a_number(self.live, name)).await? else {
                continue;
            };
            let is_number = rows::take::<DB, i64>(&row, 0)? != 0;
            if is_number != names.times.is_some() {
                let kind = BlockerKind::TimeUnit { actual: column.sql_type.clone(), is_number };
                blockers.push(kind.of(self.live, name));
            }
        }
        Ok(blockers)
    }

    /// Reads an identifier in every row.
    pub(super) async fn scan(
        &mut self,
        identifier: &IdentifierColumn,
    ) -> Result<Scan, sqlx::Error> {
        let live = self.live;
        let has_stored = identifier.has_own_key() && live.has_column(identifier.key);
        let mut columns = vec![identifier.column];
        columns.extend(has_stored.then_some(identifier.key));
        let subject = self.subject;
        let shape = subject.shape();
        let page = Page { id: shape.id, columns: &columns, unfilled: None, living: Some(shape) };
        let mut pages = Pages::new(page, subject).until_now(self.connection, live).await?;
        // The collations of the compared forms on MySQL and MariaDB do so.
        let is_padded = DB::DIALECT == Dialect::MySql;
        let mut tally = Tally { is_padded, ..Tally::default() };
        while let Some(found) = pages.next(self.connection, live).await? {
            for row in &found {
                let Some(shown) = rows::take::<DB, Option<String>>(row, 1)? else { continue };
                if identifier.is_blank_null && shown.is_empty() {
                    continue;
                }
                let stored: Option<String> =
                    if has_stored { rows::take::<DB, _>(row, 2)? } else { None };
                tally.add(identifier, &shown, stored.as_deref());
            }
        }
        let (mut blockers, mut remarks) = (Vec::new(), Vec::new());
        let is_unique = tally.duplicates.count == 0;
        if !is_unique && identifier.has_own_key() && self.is_kept_apart(identifier.key) {
            // A visitor of another program that inserts rows must not keep the app from starting.
            remarks.push(second_accounts(live, identifier, &tally));
        } else if !is_unique {
            blockers.push(self.folded_duplicates(identifier, &tally).await?);
        }
        if tally.not_normalized.count > 0 {
            blockers.push(not_normalized(live, identifier, &tally));
        }
        let is_contact = shape.recovery_column().is_some_and(|it| it.column == identifier.column);
        let has_unreachable = is_contact && tally.unreachable.count > 0;
        remarks.extend(has_unreachable.then(|| unreachable(live, identifier, &tally)));
        Ok(Scan { is_lower_case_only: tally.not_lower_case == 0, is_unique, blockers, remarks })
    }

    /// The blocker for values with equal compared forms.
    async fn folded_duplicates(
        &mut self,
        identifier: &IdentifierColumn,
        tally: &Tally,
    ) -> Result<Blocker, sqlx::Error> {
        let mut differ_as_written = false;
        if identifier.has_own_key() && identifier.kind == IdentifierKind::Username {
            let exact = queries::duplicates(self.live, identifier.column, self.subject.shape());
            differ_as_written = self.row(exact).await?.is_none();
        }
        let Sample { count, first: samples } = tally.duplicates.clone();
        let kind = BlockerKind::Duplicates { count, samples, differ_as_written };
        Ok(kind.of(self.live, identifier.column))
    }

    /// The columns that are read as values and hold NULLs.
    pub(super) async fn nulls(&mut self) -> Result<Vec<Blocker>, sqlx::Error> {
        let Self { table, live, .. } = *self;
        let values = table.reads.iter().filter(|read| !read.is_nullable);
        let mut columns: Vec<&str> = values.map(|read| &*read.name).collect();
        columns.retain(|name| live.column(name).is_some_and(|column| column.is_nullable));
        columns.sort_unstable();
        columns.dedup();
        if columns.is_empty() {
            return Ok(Vec::new());
        }
        let Some(row) = self.row(queries::nulls(live, &columns)).await? else {
            return Ok(Vec::new());
        };
        let mut blockers = Vec::new();
        for (at, column) in columns.iter().enumerate() {
            let count = rows::take::<DB, i64>(&row, at)?.unsigned_abs();
            if count > 0 {
                blockers.push(BlockerKind::Nulls { count }.of(live, column));
            }
        }
        Ok(blockers)
    }

    /// The duplicates in a column, as the database compares them.
    pub(super) async fn duplicates(
        &mut self,
        column: &str,
    ) -> Result<Option<Blocker>, sqlx::Error> {
        let live = self.live;
        let call = Call::migration(queries::duplicates(live, column, self.subject.shape()));
        let found = DB::fetch_all(self.connection, call).await?;
        if found.is_empty() {
            return Ok(None);
        }
        let samples =
            found.iter().map(|row| rows::take::<DB, _>(row, 0)).collect::<Result<_, _>>()?;
        let count = self.row(queries::count_duplicates(live, column, self.subject.shape())).await?;
        let count = count.map(|row| rows::take::<DB, i64>(&row, 0)).transpose()?;
        let count = count.unwrap_or_default().unsigned_abs();
        let kind = BlockerKind::Duplicates { count, samples, differ_as_written: false };
        Ok(Some(kind.of(live, column)))
    }

    /// The column of the first row that does not decode. For SQLite only, where a column may hold
    /// values of any type.
    pub(super) async fn first_row(&mut self) -> Result<Option<Blocker>, sqlx::Error> {
        let Self { table, live, subject, .. } = *self;
        let columns = subject.shape().columns;
        if columns.iter().any(|column| !live.has_column(column)) {
            return Ok(None);
        }
        let first = self.row(queries::first_row(live, columns)).await?;
        let Some(row) = first else { return Ok(None) };
        let Err(sqlx::Error::ColumnDecode { index, .. }) = (subject.decode)(&row) else {
            return Ok(None);
        };
        let at: Option<usize> = index.parse().ok();
        let name = at.and_then(|at| columns.get(at).copied());
        let read = table.reads.iter().find(|read| Some(&*read.name) == name);
        Ok(read.map(|read| fits::wrong_type(live, read)))
    }
}

/// The remark about rows that another program inserted although their name was taken.
fn second_accounts(live: &LiveTable, identifier: &IdentifierColumn, tally: &Tally) -> String {
    let Sample { count, first } = &tally.duplicates;
    let samples = Samples(first, *count);
    format!(
        "`{}.{}` has rows of another program with a taken value: {samples}; only the first account \
         of each is found by it: rename the others",
        live.name, identifier.column
    )
}

/// The remark about values that no message can be sent to.
fn unreachable(live: &LiveTable, identifier: &IdentifierColumn, tally: &Tally) -> String {
    let Sample { count, first } = &tally.unreachable;
    let samples = Samples(first, *count);
    format!(
        "`{}.{}` cannot receive messages in {count} row(s): {samples}; their owners can sign in, but \
         not reset a password",
        live.name, identifier.column
    )
}

/// The blocker for values that no login searches for.
fn not_normalized(live: &LiveTable, identifier: &IdentifierColumn, tally: &Tally) -> Blocker {
    let has_own_key = identifier.has_own_key();
    let is_lower_case_only = tally.not_lower_case == 0 && tally.duplicates.count == 0;
    let update = if has_own_key && live.column(identifier.key).is_some_and(|key| key.is_nullable) {
        // The next run fills NULLs.
        Some(ddl::set_null(live, identifier.key))
    } else {
        is_lower_case_only.then(|| ddl::lower_every(live, identifier))
    };
    let Sample { count, first: samples } = tally.not_normalized.clone();
    let key = Some(identifier.key).filter(|_| !has_own_key);
    BlockerKind::NotNormalized { count, samples, update, key }.of(live, identifier.key)
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
