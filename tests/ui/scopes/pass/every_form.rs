//! Documented or not, public or not, in a module or in a function.

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

fn main() {
    crudauth::scopes! { Here = "here"; }
    assert_eq!(ReportsRead::NAME, "reports:read");
    let _ = (ReportsRead, ReportsWrite, inner::All, Here::NAME);
}
