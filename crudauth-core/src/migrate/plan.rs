//! What is missing, in order, and what is in the way.

use std::fmt;

use super::Blocked;

/// What a database lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub(super) statements: Vec<String>,
    pub(super) fills: Vec<Fill>,
    pub(super) blocked: Vec<Blocked>,
}

/// A column that the library fills, since SQL knows nothing of how names are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fill {
    /// How many of the plan's statements go before.
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
    Fill(&'a Fill),
}

impl Plan {
    /// The statements that would make up for it, in order, without what only
    /// [`run`](super::Migrations::run) can do.
    #[must_use]
    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// What is in the way.
    #[must_use]
    pub fn blocked(&self) -> &[Blocked] {
        &self.blocked
    }

    /// The columns that only [`run`](super::Migrations::run) fills, as `table.column`: they hold
    /// the compared form of names that SQL cannot fold.
    #[must_use]
    pub fn filled(&self) -> Vec<String> {
        self.fills.iter().map(|fill| format!("{}.{}", fill.table, fill.column)).collect()
    }

    /// Whether nothing is missing and nothing is in the way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty() && self.fills.is_empty() && self.blocked.is_empty()
    }

    /// All of it in order.
    pub(super) fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        (0..=self.statements.len()).flat_map(|at| {
            let fills = self.fills.iter().filter(move |fill| fill.after == at).map(Step::Fill);
            fills.chain(self.statements.get(at).map(|one| Step::Statement(one)))
        })
    }

    pub(super) fn push(&mut self, statement: String) {
        self.statements.push(statement);
    }

    /// Another plan after this one.
    pub(super) fn append(&mut self, other: Self) {
        let before = self.statements.len();
        self.statements.extend(other.statements);
        self.blocked.extend(other.blocked);
        self.fills.extend(other.fills.into_iter().map(|mut fill| {
            fill.after += before;
            fill
        }));
    }
}

/// The plan as a file of SQL; what is in the way, and what no SQL does, are comments.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name that is in the way may hold anything, and must not end the comment.
        let on_one_line = |text: String| text.replace(|c: char| c.is_control(), " ");
        for blocked in &self.blocked {
            writeln!(f, "-- blocked: {}", on_one_line(blocked.to_string()))?;
        }
        self.steps().try_for_each(|step| match step {
            Step::Statement(statement) => writeln!(f, "{statement};"),
            Step::Fill(fill) => writeln!(
                f,
                "-- run() fills {}.{} here: SQL does not know how names are compared",
                fill.table, fill.column
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(name: &str) -> Plan {
        let fill = Fill {
            after: 1,
            identifier: 0,
            table: name.to_owned(),
            column: "username_key".to_owned(),
        };
        let statements = vec![format!("ALTER {name}"), format!("INDEX {name}")];
        Plan { statements, fills: vec![fill], blocked: Vec::new() }
    }

    #[test]
    fn a_fill_keeps_its_place_among_the_statements() {
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
        assert_eq!(both.filled(), ["one.username_key", "two.username_key"]);
    }

    #[test]
    fn a_fill_at_the_end_is_shown_too() {
        let mut one = plan("one");
        one.fills[0].after = 2;
        assert_eq!(one.steps().count(), 3);
        assert!(
            one.to_string().lines().last().is_some_and(|line| line.starts_with("-- run() fills"))
        );
    }

    #[test]
    fn what_is_in_the_way_never_ends_its_comment() {
        let table = "users\nDROP TABLE users; --".to_owned();
        let blocked = vec![Blocked::Unfilled { table, column: "x".to_owned() }];
        let plan = Plan { blocked, ..Plan::default() };
        assert_eq!(plan.to_string().lines().count(), 1);
    }
}
