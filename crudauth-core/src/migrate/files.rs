//! Writes a plan as a numbered file next to the app's own migrations.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes `text` under a new number into `directory`, which is created if it does not exist.
pub(super) fn write(directory: &Path, table: &str, text: &str) -> io::Result<PathBuf> {
    std::fs::create_dir_all(directory)?;
    loop {
        let path = directory.join(format!("{}_crudauth_{table}.sql", next_version(directory)?));
        match create_new(&path) {
            // Another process took the number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => {
                made?.write_all(text.as_bytes())?;
                return Ok(path);
            }
        }
    }
}

fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Format of the version in the file names of sqlx.
const TIMESTAMP: &str = "%Y%m%d%H%M%S";

fn next_version(directory: &Path) -> io::Result<String> {
    let names = std::fs::read_dir(directory)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    #[allow(clippy::disallowed_methods, reason = "no test depends on the time in a file name")]
    let now = chrono::Utc::now().format(TIMESTAMP).to_string();
    Ok(version_after(&names, now))
}

/// The next version, in the style of the directory: the highest number plus one, in its width, if
/// files are counted; else the present second, or the highest number plus one if that is later.
/// sqlx takes two files with one number for one migration.
fn version_after(names: &[String], now: String) -> String {
    let versions = names.iter().filter_map(|name| {
        let (digits, rest) = name.split_once('_')?;
        let is_migration = rest.ends_with(".sql") && digits.bytes().all(|b| b.is_ascii_digit());
        Some((digits.parse::<u64>().ok().filter(|_| is_migration)?, digits.len()))
    });
    let Some((highest, width)) = versions.max() else { return now };
    let is_counted = width < now.len();
    let is_later = now.parse().is_ok_and(|now: u64| highest >= now);
    if is_counted || is_later { format!("{:0width$}", highest + 1) } else { now }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails at the first surprise")]
mod tests {
    use super::*;

    fn after(names: &[&str]) -> String {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        version_after(&names, "20260102030405".to_owned())
    }

    #[test]
    fn an_empty_directory_starts_with_a_timestamp() {
        assert_eq!(after(&[]), "20260102030405");
        assert_eq!(after(&["README.md", "x_1.sql", "_.sql", "7_notes.txt"]), "20260102030405");
    }

    #[test]
    fn a_counted_directory_continues_in_its_width() {
        assert_eq!(after(&["0001_users.sql", "0009_posts.sql"]), "0010");
        assert_eq!(after(&["1_users.sql", "9_posts.sql"]), "10");
        assert_eq!(after(&["99_posts.sql"]), "100");
        assert_eq!(after(&["001_a.up.sql", "001_a.down.sql"]), "002");
        assert_eq!(after(&["20260101_by_day.sql"]), "20260102");
    }

    #[test]
    fn a_later_version_is_continued() {
        assert_eq!(after(&["20250101000000_a.sql"]), "20260102030405");
        assert_eq!(after(&["20260102030405_a.sql"]), "20260102030406");
        assert_eq!(after(&["20991231235959_a.sql"]), "20991231235960");
    }

    #[test]
    fn an_existing_file_is_never_overwritten() {
        let directory = std::env::temp_dir().join(format!("crudauth-files-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        let written: Vec<_> =
            ["a", "b", "c"].map(|text| write(&directory, "users", text).unwrap()).to_vec();
        let texts: Vec<_> =
            written.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
        assert_eq!(texts, ["a", "b", "c"]);
        assert!(written.is_sorted());
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
