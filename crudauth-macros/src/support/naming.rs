//! Names: of tables, of columns, and the known word that somebody meant.

/// Whether every database takes it without a second look: letters, digits and `_`, no digit first.
pub(crate) fn is_plain(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(is_word) && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// `AppUser` -> `app_users`.
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

/// Says that `word` is none that `place` takes, and which one was meant.
pub(crate) fn unknown(word: &str, place: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(meant) => format!("unknown word `{word}`: did you mean `{meant}`?"),
        None => format!("unknown word `{word}`: {place} takes {}", list(known)),
    }
}

/// "`a`, `b` and `c`".
fn list(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}

/// The known word that is at most two slips away; a slip is a letter too many, too few or wrong.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|&one| (slips(word, one), one))
        .filter(|&(slips, one)| slips <= 2 && slips < one.len().min(word.len()))
        .min()
        .map(|(_, one)| one)
}

fn slips(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_is_letters_digits_and_underscores() {
        for name in ["users", "_x", "User2", "type", "A_b"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["", "2fa", "my users", "users;", "us\"ers", "benützer", "a.b", "a-b"] {
            assert!(!is_plain(name), "{name}");
        }
    }

    #[test]
    fn a_table_is_the_name_in_snake_case_with_an_s() {
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

    #[test]
    fn a_slip_finds_the_word_that_was_meant() {
        let known = ["register", "skip", "email", "id"];
        for (typed, meant) in [
            ("regster", Some("register")),
            ("emial", Some("email")),
            ("ids", Some("id")),
            ("skipped", None),
            ("x", None),
        ] {
            assert_eq!(nearest(typed, &known), meant, "{typed}");
        }
        assert_eq!(
            unknown("secret", "a field", &known),
            "unknown word `secret`: a field takes `register`, `skip`, `email` and `id`"
        );
    }
}
