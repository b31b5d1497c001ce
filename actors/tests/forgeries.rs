//! Isolation is an address, not a check: each file in `forgeries/` tries to make or reach what it may not, and must not compile.

#[test]
fn no_forgery_compiles() {
    trybuild::TestCases::new().compile_fail("tests/forgeries/*.rs");
}
