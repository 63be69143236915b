//! Settings of passkeys.

use std::time::Duration;

use crate::config_error::ConfigError;

crate::settings! {
    /// Settings of the `passkeys` slice.
    ///
    /// The origins are those of the app's own pages. The first one decides the default of
    /// [`rp_id`](Self::rp_id), to which authenticators bind every passkey: **a later change of the id
    /// makes all passkeys useless.**
    #[derive(Clone, Debug)]
    pub struct PasskeyConfig {
        /// Origins whose pages register and use passkeys, such as `https://app.example.com` (default:
        /// the front end of the `email` slice; without that slice an origin must be set). `https`, or
        /// `http` on `localhost`.
        origins: Vec<String> = Vec::new(),
        /// Domain that passkeys are bound to (default: the host of the first origin). It is the host
        /// of every origin, or a parent domain of it.
        rp_id: Option<String> | String = None,
        /// Name of the app in the dialogs of browsers (default: the domain; at most 64 characters).
        rp_name: Option<String> | String = None,
        /// Origins on other domains that use the same passkeys (default none), served as
        /// `/.well-known/webauthn` (WebAuthn Level 3, section 5.11). At most 20.
        related_origins: Vec<String> = Vec::new(),
        /// Whether a passkey counts as both factors (default `false`): its holder has the device, and
        /// has unlocked it by a PIN or a finger. A sign-in by passkey then asks for no code.
        counts_as_both: bool = false,
        /// Whether a passkey is a second factor of its account (default `false`): a sign-in by
        /// password then asks for it, even without an authenticator app.
        is_second_factor: bool = false,
        /// Whether only accounts with a verified recovery contact may register passkeys (default
        /// `true`). Otherwise a stranger could sign up with the address of another person, and keep a
        /// passkey after its owner has reset the password.
        requires_verified: bool = true,
        /// Most passkeys of an account (default 10, 1 to 20).
        max_passkeys: u32 = 10,
        /// Oldest sign-in or elevation by which a passkey may be registered or removed (default 10
        /// minutes, 1 minute to 1 day).
        max_sign_in_age: Duration = Duration::from_mins(10),
        /// How long a browser may take for one use of an authenticator (default 10 minutes, 1 minute
        /// to 1 hour).
        lifetime: Duration = Duration::from_mins(10),
    }
}

impl PasskeyConfig {
    /// Returns an error for each setting out of its bounds. Origins are checked when a mount that
    /// names `passkeys` is built.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let minute = Duration::from_mins(1);
        let hour = Duration::from_hours(1);
        let day = Duration::from_hours(24);
        let name = self.rp_name.as_ref().map_or(1, |name| name.chars().count());
        ConfigError::found([
            ConfigError::length("passkeys.rp_name", "characters", name, 1..=64),
            ConfigError::length(
                "passkeys.related_origins",
                "origins",
                self.related_origins.len(),
                0..=20,
            ),
            ConfigError::number("passkeys.max_passkeys", self.max_passkeys, 1..=20),
            ConfigError::duration("passkeys.max_sign_in_age", self.max_sign_in_age, minute..=day),
            ConfigError::duration("passkeys.lifetime", self.lifetime, minute..=hour),
        ])
    }

    /// Applies the limits of `Builder::hardened`.
    #[doc(hidden)]
    pub fn harden(&mut self) {
        self.requires_verified = true;
    }
}
