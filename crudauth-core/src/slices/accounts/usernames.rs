//! Usernames of accounts that are added without a form.

use crate::model::Username;
use crate::random::random;

/// Numbers that are tried after a taken name, before random digits.
const NUMBERS: u32 = 99;

/// Returns the names to be tried, the best first: one from this text, then the same with a number,
/// then with random digits.
pub(super) fn candidates(told: &str, max_chars: usize) -> impl Iterator<Item = String> + use<> {
    let base = base(told, max_chars);
    let numbered = (1..=NUMBERS).map(|number| number.to_string());
    let random = std::iter::repeat_with(|| hex::encode(random::<4>())).take(3);
    let first = std::iter::once(base.clone());
    first.chain(numbered.chain(random).map(move |suffix| {
        let kept = max_chars.saturating_sub(suffix.len() + 1).min(base.len());
        format!("{}_{suffix}", &base[..kept])
    }))
}

/// ASCII only.
fn base(told: &str, max_chars: usize) -> String {
    let plain = plain(told);
    let is_valid = plain.len() >= 2 && Username::parse(&plain).is_ok();
    let name = match &*plain {
        "" => "user".to_owned(),
        _ if is_valid || plain.len() > max_chars => plain,
        _ => format!("user_{plain}"),
    };
    name[..name.len().min(max_chars)].to_owned()
}

/// Lower case, with `_` for each run of other characters.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' => plain.push(c),
            _ if plain.ends_with('_') => {}
            _ => plain.push('_'),
        }
    }
    plain.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_plain_ascii() {
        for (told, name) in [
            ("Al.Liddell", "al_liddell"),
            ("Alice  Liddell", "alice_liddell"),
            ("a.l+x", "a_l_x"),
            ("x", "user_x"),
            ("\u{7231}\u{4e3d}", "user"),
            ("alice@example.com", "alice_example_com"),
        ] {
            assert_eq!(candidates(told, 64).next().as_deref(), Some(name), "{told}");
        }
        assert_eq!(candidates(&"w".repeat(80), 64).next(), Some("w".repeat(64)));
    }

    #[test]
    fn further_names_fit_and_differ() {
        let names: Vec<_> = candidates(&"w".repeat(80), 20).collect();
        assert_eq!(names[1], format!("{}_1", "w".repeat(18)));
        assert!(names.iter().all(|name| name.len() <= 20));
        let mut distinct = names.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), names.len());
    }
}
