//! The names of a table and its columns, checked when the app is compiled.

use super::Shape;

impl Shape {
    /// Longest name that every database takes: PostgreSQL cuts longer ones off.
    const LONGEST_NAME: usize = 63;

    /// Longest suffix of a table of the library's.
    const LONGEST_SUFFIX: usize = "_one_time_tokens".len();

    /// Stops the build if a name is not plain or too long. The derive has checked names already;
    /// this is the second line, for structs that implement [`AuthUser`] by hand.
    #[expect(clippy::panic, reason = "a panic in a constant is a compile error")]
    pub(crate) const fn assert_names(&self) {
        if self.table.len() + Self::LONGEST_SUFFIX > Self::LONGEST_NAME {
            panic!("a table's name may have at most 47 characters");
        }
        assert_plain(self.table);
        assert_plain(self.id);
        let mut at = 0;
        while at < self.columns.len() {
            assert_plain(self.columns[at]);
            at += 1;
        }
        let mut at = 0;
        while at < self.identifiers.len() {
            assert_plain(self.identifiers[at].column);
            assert_plain(self.identifiers[at].key);
            at += 1;
        }
    }
}

#[expect(clippy::panic, reason = "a panic in a constant is a compile error")]
const fn assert_plain(name: &str) {
    if name.len() > Shape::LONGEST_NAME {
        panic!("a column's name may have at most 63 characters, a username's 59");
    }
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_alphanumeric() && bytes[at] != b'_' {
            panic!("a table or column name may hold letters, digits and `_` only");
        }
        at += 1;
    }
}
