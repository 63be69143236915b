//! The compiler's output for wrong and right uses of the macros. Each file is one mistake or one
//! theme, with the expected output beside it as `.stderr`.
//!
//! After a change of a message, run `TRYBUILD=overwrite cargo test -p crudauth-tests --test ui` and
//! read the difference as a user would.

#[test]
fn each_mistake_is_reported_once_at_its_token_with_a_fix() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/*/pass/*.rs");
    cases.compile_fail("ui/*/fail/*.rs");
}
