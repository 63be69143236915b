//! Two types of one name would be one scope.

crudauth::scopes! {
    pub ReportsRead = "reports:read";
    pub ReadReports = "reports:read";
}

fn main() {}
