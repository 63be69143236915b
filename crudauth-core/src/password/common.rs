//! Common passwords, which attackers try first (ASVS 6.2.4).
//!
//! `common_passwords.txt` is the union of two lists: the one of Django's `CommonPasswordValidator`
//! (`django/contrib/auth/common-passwords.txt.gz` of Django 5.2.19; BSD-3-Clause, (c) Django
//! Software Foundation and individual contributors) and the passwords of zxcvbn (`PASSWORDS` in
//! `frequency_lists.rs` of the crate zxcvbn 3.1.1; MIT, (c) 2016 Joshua Holmer, after Dropbox's
//! zxcvbn, MIT, (c) 2012-2015 Dan Wheeler and Dropbox, Inc.). The licences are in `NOTICE`.
//!
//! Entries are in lower case, ASCII, of 8 characters or more (shorter passwords are rejected
//! anyway), without the quotes that a spreadsheet had put around some. They are sorted by byte,
//! each once, one per line.

use std::cmp::Ordering;

const LIST: &str = include_str!("common_passwords.txt");

/// Returns `true` if a password in lower case is on the list.
pub(super) fn is_common(lower: &str) -> bool {
    has_line(LIST, lower)
}

/// Searches sorted lines by bisection, without an index.
fn has_line(sorted: &str, wanted: &str) -> bool {
    let mut rest = sorted;
    while !rest.is_empty() {
        let half = rest.as_bytes().get(..rest.len() / 2).unwrap_or_default();
        let start = half.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (before, from) = rest.split_at(start);
        let (line, after) = from.split_once('\n').unwrap_or((from, ""));
        rest = match line.cmp(wanted) {
            Ordering::Equal => return true,
            Ordering::Less => after,
            Ordering::Greater => before,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_in_lower_case() {
        assert!(LIST.lines().is_sorted_by(|one, next| one < next));
        assert!(LIST.lines().count() >= 3_000 && LIST.ends_with('\n'));
        assert!(LIST.lines().all(|line| line.len() >= 8 && line.is_ascii()));
        assert!(!LIST.bytes().any(|byte| byte.is_ascii_uppercase() || byte == b'\r'));
    }

    #[test]
    fn every_line_is_found_and_nothing_else() {
        for line in LIST.lines() {
            assert!(is_common(line), "{line}");
            assert!(!is_common(&format!("{line}\u{1}")), "{line}");
        }
        for absent in
            ["", "\n", "passwor", "a-strong-one", "zzzzzzzzzzzzzzzzz", "\u{e9}", "password\n"]
        {
            assert!(!is_common(absent), "{absent:?}");
        }
    }

    #[test]
    fn the_first_and_the_last_line_are_found() {
        for text in ["a\nc\ne\n", "a\nc\ne"] {
            assert!(["a", "c", "e"].iter().all(|line| has_line(text, line)));
            assert!(["", "b", "d", "f", "a\nc"].iter().all(|line| !has_line(text, line)));
        }
        assert!(!has_line("", ""));
    }
}
