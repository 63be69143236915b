//! Allowances: how often an action may be asked for by one client, one account or about one target.
//!
//! An allowance holds within any stretch of time of its length, not from one full hour to the
//! next. Where the store of counters fails, so does the request.

use std::sync::Arc;

use crate::model::{ClientAddress, KeyRing};
use crate::ports::{Allowance, Clock, Counted, CounterStore, LONGEST, StoreError};

crate::settings! {
    /// What is limited, with the allowances that hold when nothing is said.
    ///
    /// `times: 0` switches one off.
    #[derive(Clone, Copy, Debug)]
    pub struct Allowances {
        /// Sign-ups from one client network (default 5 an hour).
        register: Allowance = Allowance::per_hour(5),
        /// Changes of password by one account, right or wrong (default 5 an hour).
        change_password: Allowance = Allowance::per_hour(5),
        /// First passwords set by one account (default 5 an hour).
        set_password: Allowance = Allowance::per_hour(5),
        /// "Sign out everywhere" by one account (default 10 an hour).
        logout_all: Allowance = Allowance::per_hour(10),
        /// New CSRF tokens from one client network (default 30 an hour).
        csrf_refresh: Allowance = Allowance::per_hour(30),
        /// Verification mails asked for from one client network, and for one address (default 5 an
        /// hour each).
        email_verify_request: Allowance = Allowance::per_hour(5),
        /// Reset mails asked for from one client network, and for one address (default 5 an hour
        /// each).
        password_reset_request: Allowance = Allowance::per_hour(5),
        /// Changes of address asked for from one client network, by one account, and to one address
        /// (default 3 an hour each).
        email_change_request: Allowance = Allowance::per_hour(3),
        /// Links confirmed from one client network (default 30 an hour).
        confirm: Allowance = Allowance::per_hour(30),
        /// Refresh tokens from one client network that were none, or no longer good (default 30 an
        /// hour). A good one is not counted.
        refresh: Allowance = Allowance::per_hour(30),
        /// API keys made by one account (default 20 an hour).
        create_api_key: Allowance = Allowance::per_hour(20),
        /// Notices to one address that somebody tried to sign up with it and, where nobody has proved
        /// the address, that an API key was made (default 5 an hour each).
        existing_account_notice: Allowance = Allowance::per_hour(5),
    }
}

impl Allowances {
    /// The most uses that an allowance may have: each use is listed, so that the rule is exact.
    pub const MAX_TIMES: u32 = 1000;

    /// What is wrong with the settings, each in a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        for (name, allowance) in self.named() {
            if allowance.times > Self::MAX_TIMES {
                mistakes.push(format!("allowances: `{name}` may be at most {}", Self::MAX_TIMES));
            }
            let is_within = !allowance.within.is_zero() && allowance.within <= LONGEST;
            if allowance.times > 0 && !is_within {
                mistakes.push(format!(
                    "allowances: `{name}` must be within some time, 100 years at most"
                ));
            }
        }
        mistakes
    }

    /// Every allowance with the name of its field.
    #[must_use]
    pub fn named(&self) -> [(&'static str, Allowance); 12] {
        [
            ("register", self.register),
            ("change_password", self.change_password),
            ("set_password", self.set_password),
            ("logout_all", self.logout_all),
            ("csrf_refresh", self.csrf_refresh),
            ("email_verify_request", self.email_verify_request),
            ("password_reset_request", self.password_reset_request),
            ("email_change_request", self.email_change_request),
            ("confirm", self.confirm),
            ("refresh", self.refresh),
            ("create_api_key", self.create_api_key),
            ("existing_account_notice", self.existing_account_notice),
        ]
    }
}

/// Counts uses.
#[derive(Clone)]
pub struct Throttle {
    counters: Arc<dyn CounterStore>,
    keys: KeyRing,
    clock: Arc<dyn Clock>,
}

/// Who or what is counted.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// The client's network: an IPv4 address, or the /64 of an IPv6 one. Clients without an
    /// address are counted together.
    Client(Option<ClientAddress>),
    /// The account with this key.
    Account(&'a str),
    /// The address that a message would go to.
    Target(&'a str),
}

/// How an allowance stands after a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How many uses it allows; 0 if it is switched off.
    pub limit: u32,
    /// Whether this use was one too many, or how many are left.
    pub counted: Counted,
}

impl Throttle {
    /// A throttle over that store.
    #[must_use]
    pub fn new(counters: Arc<dyn CounterStore>, keys: KeyRing, clock: Arc<dyn Clock>) -> Self {
        Self { counters, keys, clock }
    }

    /// Counts one use of `action` by `subject`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn count(
        &self,
        action: &'static str,
        allowance: Allowance,
        subject: Subject<'_>,
    ) -> Result<Standing, StoreError> {
        let limit = allowance.times;
        if limit == 0 {
            return Ok(Standing { limit, counted: Counted::Allowed { remaining: 0 } });
        }
        let (kind, who) = match subject {
            Subject::Client(client) => {
                ("client", client.map(|client| client.network()).unwrap_or_default())
            }
            Subject::Account(id) => ("account", id.to_owned()),
            Subject::Target(target) => ("target", target.to_owned()),
        };
        let name = self.keys.current().counter.digest(&[
            b"allowance",
            action.as_bytes(),
            kind.as_bytes(),
            who.as_bytes(),
        ]);
        let counted = self.counters.count(&name, allowance, self.clock.now()).await?;
        Ok(Standing { limit, counted })
    }

    /// Counts one use and answers whether it was allowed, for limits that nobody is told of: what
    /// fails is not allowed.
    pub(crate) async fn allows(
        &self,
        action: &'static str,
        allowance: Allowance,
        subject: Subject<'_>,
    ) -> bool {
        match self.count(action, allowance, subject).await {
            Ok(standing) => matches!(standing.counted, Counted::Allowed { .. }),
            Err(error) => {
                error.log(action);
                false
            }
        }
    }
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Throttle(..)")
    }
}
