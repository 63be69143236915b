//! Which failures of Redis are temporary.

use redis::{ErrorKind, RedisError};

use crate::store_error::StoreError;

/// Codes of answers that mean: not now. Redis is full, loads its data, fails over, or cannot write.
const TEMPORARY: [&str; 11] = [
    "OOM",
    "LOADING",
    "CLUSTERDOWN",
    "READONLY",
    "MASTERDOWN",
    "MISCONF",
    "NOREPLICAS",
    "BUSY",
    "TRYAGAIN",
    "MOVED",
    "ASK",
];

pub(super) fn store_error(error: RedisError) -> StoreError {
    if is_temporary(&error) {
        StoreError::Unavailable(Box::new(error))
    } else {
        StoreError::Failed(Box::new(error))
    }
}

fn is_temporary(error: &RedisError) -> bool {
    error.is_io_error()
        || error.kind() == ErrorKind::ClusterConnectionNotFound
        || TEMPORARY.iter().any(|code| has_code(error, code))
        || error.detail().is_some_and(|detail| detail.contains("max number of clients reached"))
}

/// Returns `true` if the connection should be replaced: it is broken, out of step, or leads to a
/// server that has become a replica.
pub(super) fn is_useless_connection(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_unrecoverable_error()
        || has_code(error, "READONLY")
        || has_code(error, "MASTERDOWN")
}

/// Redis before version 7 puts the code of a failure inside of a script into the text.
fn has_code(error: &RedisError, code: &str) -> bool {
    let is_in_text = |detail: &str| detail.contains(&format!("-{code} "));
    error.code() == Some(code) || error.detail().is_some_and(is_in_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: &str, detail: &str) -> RedisError {
        redis::make_extension_error(code.to_owned(), Some(detail.to_owned()))
    }

    #[test]
    fn a_full_or_failing_over_server_is_unavailable() {
        for code in TEMPORARY {
            let error = store_error(answer(code, "not now"));
            assert!(matches!(error, StoreError::Unavailable(_)), "{code}");
        }
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert!(matches!(store_error(refused.into()), StoreError::Unavailable(_)));
    }

    #[test]
    fn a_code_in_the_text_of_a_script_error_is_recognized() {
        let text = "Error running script (call to f_0a): @user_script:1: -OOM command not allowed";
        assert!(matches!(store_error(answer("ERR", text)), StoreError::Unavailable(_)));
    }

    #[test]
    fn any_other_answer_is_a_failure() {
        for code in ["WRONGTYPE", "NOPERM", "NOAUTH", "ERR"] {
            let error = store_error(answer(code, "never"));
            assert!(matches!(error, StoreError::Failed(_)), "{code}");
        }
    }
}
