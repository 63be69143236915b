//! Compile errors of the macros. Each case holds one mistake or one theme, with the compiler's
//! output beside it as `.stderr`.
//!
//! To update the outputs: `TRYBUILD=overwrite cargo test -p crudauth-tests --test ui`. Read the
//! result before you commit it.

#[test]
fn every_mistake_is_reported_once_at_its_token_with_the_fix() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/*/pass/*.rs");
    cases.compile_fail("ui/*/fail/*.rs");
}
