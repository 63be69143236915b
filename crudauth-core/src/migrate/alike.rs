//! Unique columns in which every sign-up stores the same value, so that the second one fails.

use super::live::{LiveColumn, LiveTable};
use super::table::Table;
use super::{Blocker, BlockerKind};
use crate::model::{Shape, SqlDefault};

/// The blockers of such columns.
pub(super) fn same_for_all(table: &Table, live: &LiveTable) -> Vec<Blocker> {
    let Some(shape) = &table.shape else { return Vec::new() };
    let alike = live.columns.iter().filter(|column| {
        let is_constant = if live.is_written(table, column) {
            is_literal(shape, live, &column.name)
        } else {
            !column.is_generated && column.default.as_deref().is_some_and(is_constant)
        };
        is_constant && live.is_unique(&column.name)
    });
    let blocker = |column: &LiveColumn| {
        let is_key = live.is_same(&column.name, &table.key.column);
        let kind = if is_key { BlockerKind::KeyNotGenerated } else { BlockerKind::SameForAll };
        kind.of(live, &column.name)
    };
    alike.map(blocker).collect()
}

/// Whether sign-up writes a literal to a column.
fn is_literal(shape: &Shape, live: &LiveTable, column: &str) -> bool {
    let names = &shape.companion;
    let library = [names.active, names.superuser, names.version].into_iter().chain(names.verified);
    let constant = |&(name, value): &(&'static str, SqlDefault)| {
        (!matches!(value, SqlDefault::Now | SqlDefault::Random)).then_some(name)
    };
    let mut literals = library.chain(shape.defaults.iter().filter_map(constant));
    literals.any(|name| live.is_same(column, name))
}

/// Whether a default is certainly one value: no call, no present time, no NULL.
fn is_constant(default: &str) -> bool {
    let upper = default.to_ascii_uppercase();
    let varies = ["CURRENT", "LOCALTIME", "NULL"];
    !upper.contains('(') && !varies.iter().any(|word| upper.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_the_present_time_are_no_constants() {
        for constant in ["''", "", "0", "'x'::character varying", "false"] {
            assert!(is_constant(constant), "{constant}");
        }
        for other in ["gen_random_uuid()", "CURRENT_TIMESTAMP", "NULL::bpchar", "uuid()"] {
            assert!(!is_constant(other), "{other}");
        }
    }
}
