//! A scope is a type and a name.

crudauth::scopes! { "reports:read" }

crudauth::scopes! { pub ReportsRead = "reports:read", }

crudauth::scopes! { pub ReportsRead("reports:read"); }

fn main() {}
