//! Names that no client could request (RFC 6749, section 3.3).

crudauth::scopes! {
    pub Blank = "reports read";
    pub Quote = "\"reports\"";
    pub Accent = "résumé";
    pub Empty = "";
}

fn main() {
    let _ = (Blank, Quote, Accent, Empty);
}
