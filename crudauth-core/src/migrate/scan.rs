//! Looks through the rows for what would be in the way: values that are there twice in the form
//! that is compared, forms that no login looks for, NULLs.
//!
//! Each look reads the whole table once, so nothing here runs while nothing is missing.

use std::collections::HashMap;

use super::live::LiveTable;
use super::pages::Pages;
use super::queries::{self, FEW, Page};
use super::table::Table;
use super::{Blocked, ddl, fits};
use crate::model::{AuthUser, IdentifierColumn, IdentifierKind};
use crate::sql::{AuthRow, Backend, Call, Stores, rows};

/// What the rows hold of an identifier.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Whether the compared form is nowhere more than the shown one in lower case.
    pub(super) is_plain: bool,
    pub(super) blocked: Vec<Blocked>,
}

/// Values in the order in which they were met, of which only the first few are kept.
#[derive(Debug, Default)]
struct Few {
    count: u64,
    first: Vec<String>,
}

impl Few {
    fn add(&mut self, value: &str) {
        self.count += 1;
        if self.first.len() < FEW {
            self.first.push(value.to_owned());
        }
    }
}

/// What one pass over the rows has met so far.
#[derive(Debug, Default)]
struct Tally {
    /// Each compared form, and whether it was met more than once.
    seen: HashMap<String, bool>,
    duplicates: Few,
    not_normal: Few,
    /// Rows whose compared form is more than the shown one in lower case.
    not_plain: u64,
}

impl Tally {
    fn add(&mut self, identifier: &IdentifierColumn, shown: &str, kept: Option<&str>) {
        let key = identifier.key_of(shown);
        if !shown.is_ascii() || key != shown.to_ascii_lowercase() {
            self.not_plain += 1;
        }
        match kept {
            // Other software may have kept a compared form of its own making.
            Some(kept) if kept != key => self.not_normal.add(kept),
            None if key != shown && !identifier.finds(shown) => self.not_normal.add(shown),
            _ => {}
        }
        match self.seen.get_mut(&key) {
            None => drop(self.seen.insert(key, false)),
            Some(is_known) if !*is_known => {
                *is_known = true;
                self.duplicates.add(&key);
            }
            Some(_) => {}
        }
    }
}

/// Reads what every row shows of an identifier.
pub(super) async fn identifier<DB, U>(
    connection: &mut DB::Connection,
    live: &LiveTable,
    identifier: &IdentifierColumn,
) -> Result<Scan, sqlx::Error>
where
    DB: Backend + Stores<U::Id>,
    U: AuthUser,
{
    let has_kept = identifier.has_own_key() && live.has_column(identifier.key);
    let columns =
        if has_kept { &[identifier.column, identifier.key][..] } else { &[identifier.column] };
    let page = Page { id: U::SHAPE.id, columns, unfilled: None };
    let mut pages = Pages::<U::Id>::new(page);
    let mut tally = Tally::default();
    while let Some(found) = pages.next::<DB>(connection, live).await? {
        for row in &found {
            let Some(shown) = rows::take::<DB, Option<String>>(row, 1)? else { continue };
            let kept: Option<String> = if has_kept { rows::take::<DB, _>(row, 2)? } else { None };
            tally.add(identifier, &shown, kept.as_deref());
        }
    }
    let is_plain = tally.not_plain == 0;
    let blocked = blocked::<DB>(connection, live, identifier, tally).await?;
    Ok(Scan { is_plain, blocked })
}

async fn blocked<DB: Backend>(
    connection: &mut DB::Connection,
    live: &LiveTable,
    identifier: &IdentifierColumn,
    tally: Tally,
) -> Result<Vec<Blocked>, sqlx::Error> {
    let mut blocked = Vec::new();
    if tally.duplicates.count > 0 {
        let is_folded = identifier.has_own_key() && identifier.kind == IdentifierKind::Username;
        let exact = Call::migration(queries::duplicates(live, identifier.column)).once();
        let is_told_apart_exactly =
            is_folded && DB::fetch_optional(connection, exact).await?.is_none();
        blocked.push(Blocked::Duplicates {
            table: live.name.clone(),
            column: identifier.column.to_owned(),
            count: tally.duplicates.count,
            first: tally.duplicates.first,
            is_told_apart_exactly,
        });
    }
    if tally.not_normal.count > 0 {
        let is_lower_case = tally.not_plain == 0 && tally.duplicates.count == 0;
        // What is emptied is filled by the next run.
        let can_empty = live.column(identifier.key).is_some_and(|key| key.is_nullable);
        let update = match identifier.has_own_key() {
            true => can_empty.then(|| ddl::empty(live, identifier.key)),
            false => is_lower_case.then(|| ddl::lower_column(live, identifier.column)),
        };
        blocked.push(Blocked::NotNormal {
            table: live.name.clone(),
            column: identifier.key.to_owned(),
            count: tally.not_normal.count,
            first: tally.not_normal.first,
            update,
        });
    }
    Ok(blocked)
}

/// The columns that are read as values and hold NULLs.
pub(super) async fn nulls<DB: Backend>(
    connection: &mut DB::Connection,
    table: &Table,
    live: &LiveTable,
) -> Result<Vec<Blocked>, sqlx::Error> {
    let is_doubtful = |name: &str| live.column(name).is_some_and(|column| column.is_nullable);
    let mut doubtful: Vec<&str> = table
        .reads
        .iter()
        .filter(|read| !read.is_nullable && is_doubtful(&read.name))
        .map(|read| &*read.name)
        .collect();
    doubtful.sort_unstable();
    doubtful.dedup();
    if doubtful.is_empty() {
        return Ok(Vec::new());
    }
    let call = Call::migration(queries::nulls(live, &doubtful)).once();
    let Some(row) = DB::fetch_optional(connection, call).await? else { return Ok(Vec::new()) };
    let mut blocked = Vec::new();
    for (at, column) in doubtful.iter().enumerate() {
        let count: i64 = rows::take::<DB, _>(&row, at)?;
        if count > 0 {
            blocked.push(Blocked::Nulls {
                table: live.name.clone(),
                column: (*column).to_owned(),
                count: count.unsigned_abs(),
            });
        }
    }
    Ok(blocked)
}

/// What the database's own comparison finds more than once in a column.
pub(super) async fn duplicates<DB: Backend>(
    connection: &mut DB::Connection,
    live: &LiveTable,
    column: &str,
) -> Result<Option<Blocked>, sqlx::Error> {
    let call = Call::migration(queries::duplicates(live, column)).once();
    let found = DB::fetch_all(connection, call).await?;
    if found.is_empty() {
        return Ok(None);
    }
    let first = found.iter().map(|row| rows::take::<DB, _>(row, 0)).collect::<Result<_, _>>()?;
    let call = Call::migration(queries::count_duplicates(live, column)).once();
    let count = DB::fetch_optional(connection, call).await?;
    let count: i64 = count.map(|row| rows::take::<DB, _>(&row, 0)).transpose()?.unwrap_or_default();
    Ok(Some(Blocked::Duplicates {
        table: live.name.clone(),
        column: column.to_owned(),
        count: count.unsigned_abs(),
        first,
        is_told_apart_exactly: false,
    }))
}

/// Whether the first row reads. On SQLite alone a column's type tells little of what it holds.
pub(super) async fn first_row<DB: Backend, U: AuthRow<DB>>(
    connection: &mut DB::Connection,
    table: &Table,
    live: &LiveTable,
) -> Result<Option<Blocked>, sqlx::Error> {
    if U::SHAPE.columns.iter().any(|column| !live.has_column(column)) {
        return Ok(None);
    }
    let call = Call::migration(queries::first_row(live, U::SHAPE.columns)).once();
    let Some(row) = DB::fetch_optional(connection, call).await? else { return Ok(None) };
    let Err(sqlx::Error::ColumnDecode { index, .. }) = U::read(&row) else { return Ok(None) };
    let at: Option<usize> = index.parse().ok();
    let name = at.and_then(|at| U::SHAPE.columns.get(at).copied());
    let read = table.reads.iter().find(|read| Some(&*read.name) == name);
    Ok(read.map(|read| fits::type_of(table, live, read)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn username() -> IdentifierColumn {
        IdentifierColumn {
            name: "username",
            column: "username",
            key: "username_key",
            kind: IdentifierKind::Username,
            max_chars: None,
            is_optional: false,
            is_login: true,
        }
    }

    fn tally(identifier: &IdentifierColumn, shown: &[&str]) -> Tally {
        let mut tally = Tally::default();
        shown.iter().for_each(|shown| tally.add(identifier, shown, None));
        tally
    }

    #[test]
    fn names_that_fold_to_the_same_are_counted_once_however_often_they_are_there() {
        let found = tally(&username(), &["Ada", "ADA", "ａｄａ", "bob", "Bob", "cyd"]);
        assert_eq!((found.duplicates.count, found.not_normal.count), (2, 0));
        assert_eq!(found.duplicates.first, ["ada", "bob"]);
    }

    #[test]
    fn lower_case_is_plain_and_whatever_needs_more_is_not() {
        assert_eq!(tally(&username(), &["Ada", "bob_1", "a b", "A@B"]).not_plain, 0);
        assert_eq!(tally(&username(), &["Ada", "Zoë", "ﬁona"]).not_plain, 2);
    }

    #[test]
    fn a_form_that_other_software_kept_is_not_taken_for_ours() {
        let mut found = Tally::default();
        found.add(&username(), "Ada", Some("ada"));
        found.add(&username(), "Bob", Some("BOB"));
        found.add(&username(), "Cyd", None);
        assert_eq!(
            (found.not_normal.count, &*found.not_normal.first),
            (1, &["BOB".to_owned()][..])
        );
    }

    #[test]
    fn an_address_is_found_in_its_normal_form_only() {
        let email = IdentifierColumn {
            name: "email",
            column: "email",
            key: "email",
            kind: IdentifierKind::Email,
            ..username()
        };
        let found = tally(&email, &["ada@example.com", "Bob@Example.com", "cyd@x.org "]);
        assert_eq!(found.not_normal.count, 2);
        assert_eq!(found.not_plain, 1, "a blank is more than case");
    }

    #[test]
    fn only_the_first_few_are_told_and_all_are_counted() {
        let names: Vec<String> = (0..20).map(|n| format!("n{n}")).collect();
        let mut found = Tally::default();
        for name in names.iter().chain(&names) {
            found.add(&username(), name, None);
        }
        assert_eq!((found.duplicates.count, found.duplicates.first.len()), (20, FEW));
    }
}
