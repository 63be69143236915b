//! Gates that want a recent proof of a factor.

use std::time::Duration;

use chrono::{DateTime, Utc};
use crudauth_core::model::{AuthUser, Proofs};
use crudauth_core::principal::is_recent;
use crudauth_core::slices::sudo::Way;
use poem::Request;

use super::{Gate, Named};
use crate::http::Refusal;
use crate::mount::{Mount, Mounts};
use crate::slice;
use crate::transport::{AuthMethod, Principal};

/// Requires a session that was elevated by `POST /sudo`: its owner has proved every factor of the
/// account within [`SudoConfig::window`](crate::SudoConfig). Refuses with 403 `Re-authentication
/// required.`, which names the ways to prove them.
///
/// A sign-in alone never passes, and neither does a token. Does not compile for a mount without the
/// slice `sudo`.
#[derive(Clone, Copy, Debug)]
pub struct Elevated;

impl<A: Mounts<slice::Sudo>> Gate<A> for Elevated {
    async fn check(auth: &A, who: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        let sudo = auth.mounted().accounts().sudo();
        if sudo.is_elevated(who) {
            return Ok(());
        }
        let missing = sudo.missing(who).await?;
        Err(challenging(who, missing.max_age, Refusal::not_elevated(&missing)))
    }
}

/// Requires a proof of the factor `F` at most `MINUTES` ago, at sign-in or later:
/// `Fresh<factor::Password, 10>`. Refuses with 403 `Re-authentication required.`
///
/// Only a session knows which factor was proved when, so a token never passes. `POST /sudo` renews
/// the proof. Does not compile for a mount without sessions, or for a factor that it does not have.
#[derive(Debug)]
pub struct Fresh<F, const MINUTES: u32>(Named<F>);

impl<A: Mounts<slice::Session>, F: Factor<A>, const MINUTES: u32> Gate<A> for Fresh<F, MINUTES> {
    async fn check(auth: &A, who: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        const { assert!(MINUTES > 0, "`Fresh` needs at least one minute") };
        let age = Duration::from_mins(MINUTES.into());
        let proved_at = who.session().and_then(|session| F::proved_at(session.proofs()));
        let accounts = auth.mounted().accounts();
        if proved_at.is_some_and(|at| is_recent(at, age, accounts.kit.clock.now())) {
            return Ok(());
        }
        let mut ways = accounts.sudo().ways(who).await?;
        ways.retain(|way| F::WAYS.contains(way));
        Err(challenging(who, age, Refusal::proof_needed(F::NAME, age, &ways)))
    }
}

/// A factor that a session remembers the proof of.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a factor of `{A}`",
    label = "not a factor of this mount",
    note = "use `factor::Password`, `factor::Email` with the slice `email_login`, `factor::Second` with the slice `mfa`, or `factor::Passkey` with the slice `passkeys`"
)]
pub trait Factor<A>: Send + Sync + 'static {
    /// Its name in refusals.
    const NAME: &'static str;
    /// The ways to prove it.
    const WAYS: &'static [Way];

    /// When it was proved.
    fn proved_at(proofs: Proofs) -> Option<DateTime<Utc>>;
}

/// Factors for [`Fresh`].
pub mod factor {
    use super::{DateTime, Factor, Mount, Mounts, Proofs, Utc, Way, slice};

    /// The password.
    #[derive(Clone, Copy, Debug)]
    pub struct Password;

    /// The address, by a mailed link or code.
    #[derive(Clone, Copy, Debug)]
    pub struct Email;

    /// A second factor: a code of the authenticator, a recovery code, or a passkey in their place.
    #[derive(Clone, Copy, Debug)]
    pub struct Second;

    /// A passkey, at the sign-in or later.
    #[cfg(feature = "passkeys")]
    #[derive(Clone, Copy, Debug)]
    pub struct Passkey;

    #[cfg(feature = "passkeys")]
    impl<A: Mounts<slice::Passkeys>> Factor<A> for Passkey {
        const NAME: &'static str = "passkey";
        const WAYS: &'static [Way] = &[Way::Passkey];

        fn proved_at(proofs: Proofs) -> Option<DateTime<Utc>> {
            proofs.passkey_at
        }
    }

    impl<A: Mount> Factor<A> for Password {
        const NAME: &'static str = "password";
        const WAYS: &'static [Way] = &[Way::Password];

        fn proved_at(proofs: Proofs) -> Option<DateTime<Utc>> {
            proofs.password_at
        }
    }

    impl<A: Mounts<slice::EmailLogin>> Factor<A> for Email {
        const NAME: &'static str = "email";
        const WAYS: &'static [Way] = &[Way::Mail];

        fn proved_at(proofs: Proofs) -> Option<DateTime<Utc>> {
            proofs.email_at
        }
    }

    impl<A: Mounts<slice::Mfa>> Factor<A> for Second {
        const NAME: &'static str = "second";
        const WAYS: &'static [Way] = &[Way::Code, Way::Passkey];

        fn proved_at(proofs: Proofs) -> Option<DateTime<Utc>> {
            proofs.second_factor_at
        }
    }
}

/// A token gets the challenge of RFC 9470, without `acr_values`: no token has a class of
/// authentication.
fn challenging<U: AuthUser>(who: &Principal<U>, max_age: Duration, refusal: Refusal) -> Refusal {
    if who.method() != AuthMethod::Bearer {
        return refusal;
    }
    let max_age = max_age.as_secs().to_string();
    let parameters = [("error", "insufficient_user_authentication"), ("max_age", &*max_age)];
    refusal.with_challenge("Bearer", &parameters)
}
