//! What a mistake reads like: each case is one mistake or one theme, its `.stderr` beside it.

#[test]
fn every_mistake_is_one_error_that_says_what_to_write() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/*/fail/*.rs");
    cases.pass("ui/*/pass/*.rs");
}
