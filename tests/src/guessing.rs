//! Guessing at passwords, and what the lockout says to it.

use crate::{Answer, App, Browser};

/// Nobody's password.
pub const WRONG: &str = "not-the-password";

/// Guesses wrong `times` times, all of which must be answered 401.
pub async fn miss(browser: &Browser, name: &str, times: usize) {
    for at in 0..times {
        let answer = browser.login(name, WRONG).await;
        assert_eq!(answer.status, 401, "{name}, try {}: {answer:?}", at + 1);
    }
}

/// Guesses wrong from a new address each time.
pub async fn strangers_miss(app: &App, name: &str, times: usize) {
    for _ in 0..times {
        miss(&app.browser(), name, 1).await;
    }
}

/// For how long the answer locks out.
pub fn locked(answer: &Answer) -> u64 {
    assert_eq!((answer.status, answer.code().as_str()), (429, "locked-out"), "{answer:?}");
    assert_eq!(answer.detail(), "Too many login attempts. Try again later.");
    answer.header("retry-after").unwrap().parse().unwrap()
}

/// For how long `name` is locked, for this browser.
pub async fn lock_of(browser: &Browser, name: &str) -> u64 {
    locked(&browser.login(name, WRONG).await)
}
