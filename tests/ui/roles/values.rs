//! Names that a list of roles could not hold, and bits that say nothing.

crudauth::roles! {
    pub Blank = "super admin";
    pub Comma = "editor,admin";
    pub Accent = "rédacteur";
    pub Empty = "";
    pub None = 0;
}

fn main() {}
