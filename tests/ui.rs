//! What the macros say to whoever makes a mistake: each case is one mistake or one theme, with the
//! compiler's answer beside it as `.stderr`.
//!
//! After a change of the words: `TRYBUILD=overwrite cargo test -p crudauth-tests --test ui`, and
//! read what came out.

#[test]
fn every_mistake_is_reported_once_at_its_token_with_the_fix() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/*/pass/*.rs");
    cases.compile_fail("ui/*/fail/*.rs");
}
