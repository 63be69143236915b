//! Each name belongs to one type.

crudauth::scopes! {
    pub ReportsRead = "reports:read";
    pub ReadReports = "reports:read";
}

fn main() {}
