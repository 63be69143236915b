//! Failed logins and the locks that follow.

use crate::{Answer, App, Browser};

/// A wrong password.
pub const WRONG: &str = "not-the-password";

/// Fails to log in `times` times, asserting 401.
pub async fn fail_login(browser: &Browser, name: &str, times: usize) {
    for at in 0..times {
        let answer = browser.login(name, WRONG).await;
        assert_eq!(answer.status, 401, "{name}, try {}: {answer:?}", at + 1);
    }
}

/// Fails to log in from a new address each time.
pub async fn fail_logins_elsewhere(app: &App, name: &str, times: usize) {
    for _ in 0..times {
        fail_login(&app.browser(), name, 1).await;
    }
}

/// Asserts a lock and returns its `Retry-After` in seconds.
pub fn locked(answer: &Answer) -> u64 {
    assert_eq!((answer.status, answer.code().as_str()), (429, "locked-out"), "{answer:?}");
    assert_eq!(answer.detail(), "Too many login attempts. Try again later.");
    answer.header("retry-after").unwrap().parse().unwrap()
}

/// The remaining lock of `name` for this browser, in seconds.
pub async fn lock_seconds(browser: &Browser, name: &str) -> u64 {
    locked(&browser.login(name, WRONG).await)
}
