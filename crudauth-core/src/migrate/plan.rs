//! A plan: statements, backfills and blockers, in order.

use std::fmt;

use super::Blocker;

/// The steps that bring a database up to date, and the blockers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub(super) statements: Vec<String>,
    pub(super) backfills: Vec<Backfill>,
    pub(super) blockers: Vec<Blocker>,
    /// Whether rows that exist are updated.
    pub(super) updates_rows: bool,
    /// The number of these rows.
    pub(super) updated_rows: u64,
    pub(super) remarks: Vec<String>,
}

/// A column that the library fills, because SQL cannot compute the compared form of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Backfill {
    /// The number of statements that run before.
    pub(super) after: usize,
    /// The position of the identifier in the shape.
    pub(super) identifier: usize,
    pub(super) table: String,
    pub(super) column: String,
}

/// One step of a plan.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    Statement(&'a str),
    Backfill(&'a Backfill),
}

impl Plan {
    /// The statements to run, in order. [`backfills`](Self::backfills) lists the steps that are not
    /// SQL.
    #[must_use]
    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// The conditions that need a decision before anything runs.
    #[must_use]
    pub fn blockers(&self) -> &[Blocker] {
        &self.blockers
    }

    /// Facts about rows that need no decision, such as the number of addresses that cannot be mailed.
    /// Only [`plan`](super::Migrations::plan) looks for them.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The columns that only [`run`](super::Migrations::run) can fill, as `table.column`. They hold
    /// the compared form of names, which SQL cannot compute.
    #[must_use]
    pub fn backfills(&self) -> Vec<String> {
        self.backfills.iter().map(ToString::to_string).collect()
    }

    /// The number of rows of existing tables that are updated, by `UPDATE` or by
    /// [`backfills`](Self::backfills). Triggers of the app on `UPDATE` run for each of them. Defaults
    /// that a new column gets with its definition count for nothing, because no trigger sees them.
    #[must_use]
    pub const fn updated_rows(&self) -> u64 {
        self.updated_rows
    }

    /// Whether the database lacks nothing and nothing blocks a migration.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty() && self.backfills.is_empty() && self.blockers.is_empty()
    }

    /// Statements and backfills in order.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        (0..=self.statements.len()).flat_map(|at| {
            let backfills = self.backfills.iter().filter(move |one| one.after == at);
            let statement = self.statements.get(at).map(|one| Step::Statement(one));
            backfills.map(Step::Backfill).chain(statement)
        })
    }

    pub(super) fn push(&mut self, statement: String) {
        self.statements.push(statement);
    }

    /// Appends another plan.
    pub(super) fn append(&mut self, other: Self) {
        let before = self.statements.len();
        self.statements.extend(other.statements);
        self.blockers.extend(other.blockers);
        self.updates_rows |= other.updates_rows;
        self.updated_rows += other.updated_rows;
        self.remarks.extend(other.remarks);
        self.backfills.extend(other.backfills.into_iter().map(|mut backfill| {
            backfill.after += before;
            backfill
        }));
    }
}

impl fmt::Display for Backfill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

/// The plan as an SQL file. Blockers, remarks and backfills are comments.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for blocker in &self.blockers {
            // A table of the app may have any name; a line break in it must not end the comment.
            let text = blocker.to_string().replace(char::is_control, " ");
            writeln!(f, "-- blocked: {text}")?;
        }
        if self.updated_rows > 0 {
            writeln!(
                f,
                "-- updates {} row(s); triggers on UPDATE run for each",
                self.updated_rows
            )?;
        }
        for remark in &self.remarks {
            writeln!(f, "-- remark: {}", remark.replace(char::is_control, " "))?;
        }
        self.steps().try_for_each(|step| match step {
            Step::Statement(statement) => writeln!(f, "{statement};"),
            Step::Backfill(backfill) => writeln!(
                f,
                "-- run() fills {backfill} here: SQL cannot compute the compared form of a name"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::BlockerKind;
    use super::*;

    fn plan(name: &str) -> Plan {
        let backfill = Backfill {
            after: 1,
            identifier: 0,
            table: name.to_owned(),
            column: "username_key".to_owned(),
        };
        let statements = vec![format!("ALTER {name}"), format!("INDEX {name}")];
        Plan { statements, backfills: vec![backfill], ..Plan::default() }
    }

    #[test]
    fn a_backfill_keeps_its_place_among_the_statements() {
        let mut both = plan("one");
        both.append(plan("two"));
        let text = both.to_string();
        let lines: Vec<_> =
            text.lines().map(|line| line.split(" here").next().unwrap_or("")).collect();
        assert_eq!(
            lines,
            [
                "ALTER one;",
                "-- run() fills one.username_key",
                "INDEX one;",
                "ALTER two;",
                "-- run() fills two.username_key",
                "INDEX two;"
            ]
        );
        assert_eq!(both.backfills(), ["one.username_key", "two.username_key"]);
    }

    #[test]
    fn a_backfill_at_the_end_is_shown() {
        let mut one = plan("one");
        one.backfills[0].after = 2;
        assert_eq!(one.steps().count(), 3);
        assert!(
            one.to_string().lines().last().is_some_and(|line| line.starts_with("-- run() fills"))
        );
    }

    #[test]
    fn blockers_and_remarks_stay_within_their_comments() {
        let table = "users\nDROP TABLE users; --".to_owned();
        let kind = BlockerKind::NotWritten;
        let blockers = vec![Blocker { table, column: "x".to_owned(), kind }];
        let plan = Plan { blockers, remarks: vec!["a\nb".to_owned()], ..Plan::default() };
        assert_eq!(plan.to_string().lines().count(), 2);
    }
}
