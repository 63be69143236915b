//! The prefixes of hashes, and the statements that search for them.

use super::*;

#[test]
fn a_prefix_matches_only_itself() {
    assert_eq!(pattern("$2b$"), "$2b$%");
    assert_eq!(pattern("pbkdf2_sha256$"), "pbkdf2|_sha256$%");
    assert_eq!(pattern("100%|"), "100|%||%");
}

#[test]
fn a_prefix_ends_before_the_salt() {
    for (stored, prefix) in [
        ("$1$salt$hash", Some("$1$")),
        ("$wp$2y$10$hash", Some("$wp$")),
        ("$fbscrypt$v=1,n=14$hash", Some("$fbscrypt$")),
        ("{SSHA}aGFzaA==", Some("{SSHA}")),
        ("{pbkdf2@SpringSecurity_v5_8}5d92", Some("{pbkdf2@SpringSecurity_v5_8}")),
        ("md5$salt$hash", Some("md5$")),
        ("MD5$salt$hash", Some("MD5$")),
        ("pbkdf2:sha512:1$salt$hash", Some("pbkdf2:")),
        ("5f4dcc3b5aa765d61d8327deb882cf99", None),
        ("5f4dcc3b$salt", None),
        ("c2FsdA==$hash", None),
        ("$hash/+=$", None),
        ("$5f4dcc3b5aa765d61d8327deb882cf99$", None),
        ("{hash", None),
        ("$\u{e9}$", None),
        ("\u{e9}", None),
        ("", None),
    ] {
        assert_eq!(prefix_of(stored), prefix, "{stored}");
    }
}

#[test]
fn the_more_exact_beginning_is_excluded() {
    let mut kinds = Kinds {
        hash: "h".to_owned(),
        table: "t".to_owned(),
        dialect: Dialect::Sqlite,
        prefixes: &["$2", "$2b$", "$scrypt$ln=16"],
        found: Vec::new(),
        has_bare: false,
    };
    assert_eq!(kinds.add("$2a$10$x"), ["$2"]);
    assert_eq!(kinds.add("$2b$10$x"), ["$2", "$2b$"]);
    assert_eq!(kinds.add("$scrypt$ln=16,r=8$x"), ["$scrypt$ln=16"]);
    assert_eq!(kinds.add("$scrypt$ln=15,r=8$x"), [""; 0]);
    let found: Vec<_> = kinds.beginnings().collect();
    assert_eq!(found, ["$2a$", "$2b$", "$scrypt$ln=16", "$scrypt$"]);
}
