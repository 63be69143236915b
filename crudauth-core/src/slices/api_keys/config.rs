//! What API keys look like, what they may carry, and how many an account may have.

use std::time::Duration;

use super::secret::ApiKey;
use crate::clock::LONGEST;
use crate::model::Scopes;

crate::settings! {
    /// Settings of the `api_keys` slice. Safe when nothing is said.
    #[derive(Clone, Debug)]
    pub struct ApiKeyConfig {
        /// What every key begins with (default `ca_live_`), so that a secret scanner can tell whose
        /// a leaked one is: up to 20 lower case letters, digits and `_`, the first a
        /// letter, the last `_`. Keys
        /// that were made under another prefix still work.
        prefix: String as impl Into<String> = "ca_live_".to_owned(),
        /// What may be granted at all (default: nothing, so that a key tells who asks and no more).
        grantable_scopes: Scopes as impl Into<Scopes> = Scopes::default(),
        /// How many keys an account may have (default 20, at least 1).
        max_keys: u32 = 20,
        /// How recent its owner's sign-in must be to make one (default 10 minutes; zero: never).
        max_sign_in_age: Duration = Duration::from_secs(600),
        /// How long a key works at most, and one whose maker does not say (default: for ever). Set or
        /// shortened later, it holds for the keys that there are.
        max_lifetime: Option<Duration> as impl Into<Option<Duration>> = None,
    }
}

impl ApiKeyConfig {
    /// A key that is to work for less is a mistake.
    pub(super) const MIN_LIFETIME: Duration = Duration::from_secs(60);

    /// What is wrong with the settings, each in a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if !ApiKey::is_prefix(&self.prefix) {
            mistakes.push(
                "api_keys: `prefix` must be up to 20 lower case letters, digits and `_`, the first \
                 a letter, the last `_`"
                    .to_owned(),
            );
        }
        if self.grantable_scopes.len() > Scopes::MOST {
            mistakes.push(format!("api_keys: there may be {} scopes at most", Scopes::MOST));
        }
        if self.max_keys == 0 {
            mistakes.push("api_keys: `max_keys` must be at least 1".to_owned());
        }
        if self.max_sign_in_age > Duration::from_secs(24 * 3600) {
            mistakes.push(
                "api_keys: `max_sign_in_age` must be a day at most; zero closes it".to_owned(),
            );
        }
        if self.max_lifetime.is_some_and(|it| !(Self::MIN_LIFETIME..=LONGEST).contains(&it)) {
            mistakes.push("api_keys: `max_lifetime` must be one minute to 100 years".to_owned());
        }
        mistakes
    }
}
