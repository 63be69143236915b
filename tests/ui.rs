//! The compiler's output for wrong uses of the macros. Each file is one mistake or one theme, with the
//! expected output beside it as `.stderr`.
//!
//! Right uses are in `accepted`: without one, trybuild checks all files in one run of cargo.
//!
//! After a change of a message, run `TRYBUILD=overwrite cargo test -p crudauth-tests --test ui` and
//! read the difference as a user would.

#[test]
fn each_mistake_is_reported_once_at_its_token_with_a_fix() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/*/*.rs");
}
