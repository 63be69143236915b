//! The type affinity of an SQLite column.

/// Whether an SQLite column keeps values of the type `wants` unchanged. A text column turns numbers
/// into texts, and a numeric column turns texts of digits into numbers.
pub(super) fn takes(declared: &str, wants: &str, is_identifier: bool) -> bool {
    let affinity = Affinity::of(declared);
    match wants {
        // A STRICT table rejects others, and in any other table the app binds bytes.
        "INTEGER" | "BOOLEAN" | "REAL" | "TEXT" if is_blob(declared) => false,
        "INTEGER" | "BOOLEAN" => !matches!(affinity, Affinity::Text | Affinity::Real),
        "REAL" => affinity != Affinity::Text,
        // DATETIME has this affinity. A date is not a number, but an identifier may be.
        "TEXT" if affinity == Affinity::Numeric => !is_identifier,
        "TEXT" => !matches!(affinity, Affinity::Integer | Affinity::Real),
        _ => true,
    }
}

/// Whether a column is declared for bytes. One without a type has the same affinity.
pub(super) fn is_blob(declared: &str) -> bool {
    Affinity::of(declared) == Affinity::Blob && !declared.is_empty()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

impl Affinity {
    /// The affinity of a declared type (SQLite's datatype3.html, section 3.1). The order matters.
    pub(super) fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        if has(&["INT"]) {
            Self::Integer
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Self::Text
        } else if declared.is_empty() || has(&["BLOB"]) {
            Self::Blob
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            Self::Real
        } else {
            Self::Numeric
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_types_are_judged_by_affinity() {
        for (declared, wants, is_taken) in [
            ("VARCHAR(20)", "INTEGER", false),
            ("BIGINT", "INTEGER", true),
            ("", "INTEGER", true),
            ("DECIMAL", "INTEGER", true),
            ("DOUBLE", "BOOLEAN", false),
            ("INTEGER", "TEXT", false),
            ("FLOAT", "TEXT", false),
            ("DATETIME", "TEXT", true),
            ("JSON", "TEXT", true),
            ("TEXT", "REAL", false),
            ("TEXT", "BLOB", true),
            ("BLOB", "TEXT", false),
            ("BLOB", "BOOLEAN", false),
            ("BLOB", "BLOB", true),
            ("", "TEXT", true),
            ("TEXT", "DATETIME", true),
        ] {
            assert_eq!(takes(declared, wants, false), is_taken, "{wants} in {declared}");
        }
        assert!(!takes("STRING", "TEXT", true), "a name of digits becomes a number");
    }
}
