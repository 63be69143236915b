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
        is_blank_null: false,
    }
}

fn tally(identifier: &IdentifierColumn, shown: &[&str]) -> Tally {
    let mut tally = Tally::default();
    shown.iter().for_each(|shown| tally.add(identifier, shown, None));
    tally
}

#[test]
fn each_duplicate_is_counted_once() {
    let found = tally(&username(), &["Ada", "ADA", "ａｄａ", "bob", "Bob", "cyd"]);
    assert_eq!((found.duplicates.count, found.not_normalized.count), (2, 0));
    assert_eq!(found.duplicates.first, ["ada", "bob"]);
}

#[test]
fn forms_that_need_more_than_lower_case_are_counted() {
    assert_eq!(tally(&username(), &["Ada", "bob_1", "a b", "A@B"]).not_lower_case, 0);
    assert_eq!(tally(&username(), &["Ada", "Zoë", "ﬁona"]).not_lower_case, 2);
}

#[test]
fn a_compared_form_of_other_software_is_not_normalized() {
    let mut found = Tally::default();
    found.add(&username(), "Ada", Some("ada"));
    found.add(&username(), "Bob", Some("BOB"));
    found.add(&username(), "Cyd", None);
    assert_eq!(
        (found.not_normalized.count, &*found.not_normalized.first),
        (1, &["BOB".to_owned()][..])
    );
}

#[test]
fn an_address_must_be_in_its_normal_form() {
    let email = IdentifierColumn {
        name: "email",
        column: "email",
        key: "email",
        kind: IdentifierKind::Email,
        ..username()
    };
    let found = tally(&email, &["ada@example.com", "Bob@Example.com", "cyd@x.org "]);
    assert_eq!(found.not_normalized.count, 2);
    assert_eq!(found.not_lower_case, 1, "removing a blank is more than lower case");
}

#[test]
fn addresses_that_cannot_be_mailed_are_counted() {
    let email = IdentifierColumn { kind: IdentifierKind::Email, ..username() };
    let found = tally(&email, &["ada@example.com", "a..b@docomo.example", "admin@localhost"]);
    assert_eq!(found.unreachable.count, 0);
    let long = format!("ada@{}example", "label.".repeat(60));
    let found = tally(&email, &["nobody", "ada@example.com\r\nBcc: eve@x.org", &long, ""]);
    assert_eq!(found.unreachable.count, 4);
}

#[test]
fn only_the_first_values_are_kept_as_samples() {
    let names: Vec<String> = (0..20).map(|n| format!("n{n}")).collect();
    let mut found = Tally::default();
    for name in names.iter().chain(&names) {
        found.add(&username(), name, None);
    }
    assert_eq!((found.duplicates.count, found.duplicates.first.len()), (20, SAMPLES));
}
