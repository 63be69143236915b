//! Names of tables and columns.

use darling::util::SpannedValue;

/// A name in SQL. An error about it points at the attribute or identifier that gave it.
pub(crate) type Name = SpannedValue<String>;

/// Whether every database accepts the name: ASCII letters, digits and `_`, no digit first.
pub(crate) fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// Whether two names mean the same column. SQLite and MySQL ignore case in column names.
pub(crate) fn is_same_column(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// The default table of a struct: `AppUser` -> `app_users`.
pub(crate) fn table_of(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut table = String::new();
    for (at, &c) in chars.iter().enumerate() {
        let follows_small = at > 0 && !chars[at - 1].is_uppercase() && chars[at - 1] != '_';
        let starts_word = at > 0 && chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (follows_small || starts_word && chars[at - 1] != '_') {
            table.push('_');
        }
        table.extend(c.to_lowercase());
    }
    table.push('s');
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_has_letters_digits_and_underscores() {
        for name in ["users", "_x", "User2", "type", "A_b"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["", "2fa", "my users", "users;", "us\"ers", "benützer", "a.b", "a-b"] {
            assert!(!is_plain(name), "{name}");
        }
    }

    #[test]
    fn a_table_is_named_after_the_struct_in_snake_case_with_an_s() {
        for (name, table) in [
            ("User", "users"),
            ("AppUser", "app_users"),
            ("HTTPUser", "http_users"),
            ("User2", "user2s"),
            ("Login_Name", "login_names"),
            ("A", "as"),
        ] {
            assert_eq!(table_of(name), table);
        }
    }
}
