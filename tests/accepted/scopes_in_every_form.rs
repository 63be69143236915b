//! Scopes with and without docs and visibility, in a module and in a function.

#![deny(warnings, missing_docs)]

use crudauth::ScopeName;

crudauth::scopes! {
    pub ReportsRead = "reports:read";
    /// May write reports.
    pub(crate) ReportsWrite = "reports:write";
}

crudauth::scopes! {}

mod inner {
    crudauth::scopes! { pub(super) All = "*"; }
}

#[test]
fn scopes_are_declared_in_every_form() {
    crudauth::scopes! { Here = "here"; }
    assert_eq!(ReportsRead::NAME, "reports:read");
    let _ = (ReportsRead, ReportsWrite, inner::All, Here::NAME);
}
