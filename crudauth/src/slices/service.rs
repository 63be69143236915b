//! Settings of the slices, and the wiring of those that stand beside sign-in, sessions, tokens and
//! recovery.

use std::sync::Arc;

use crudauth_core::Kit;
use crudauth_core::guard::challenges::ChallengeStore;
use crudauth_core::model::AuthUser;
use crudauth_core::slices::DatabaseStores;
use crudauth_core::slices::accounts::Callers;
use crudauth_core::slices::mfa::Mfa;
use crudauth_core::slices::passkeys::PasskeyFactor;
use crudauth_core::slices::sessions::Sessions;

/// A slice whose flows are created from its settings and the parts of the mount. Its marker
/// implements it, and `slices!` names the marker.
pub(crate) trait Service {
    /// The settings.
    type Config;

    /// The flows.
    type Flows<U: AuthUser>;

    /// Creates the flows.
    fn wire<U: AuthUser>(wiring: &Wiring<U>, config: Self::Config) -> Self::Flows<U>;
}

/// The parts from which a slice creates its flows.
pub(crate) struct Wiring<U: AuthUser> {
    pub(crate) kit: Kit<U>,
    pub(crate) database: Arc<dyn DatabaseStores<U>>,
    pub(crate) callers: Callers<U>,
    pub(crate) sessions: Arc<Sessions<U>>,
    pub(crate) mfa: Arc<Mfa<U>>,
    /// Whether the mount has authenticators.
    pub(crate) has_mfa: bool,
    /// `None` if the mount has no passkeys.
    pub(crate) passkeys: Option<PasskeyFactor<U>>,
    #[cfg_attr(not(feature = "passkeys"), expect(dead_code, reason = "only passkeys need it"))]
    pub(crate) challenges: Arc<dyn ChallengeStore>,
}

/// Declares the settings of all listed slices, and the flows of those with a marker. A marker that
/// needs a feature of the crate has a condition before it.
macro_rules! slices {
    ($($name:ident: $config:ty $(=> $(#[$when:meta])* $marker:ty)?,)*) => {
        /// Settings of the listed slices.
        #[derive(Default)]
        pub(crate) struct SliceSettings {
            $(pub(crate) $name: $config,)*
        }

        impl SliceSettings {
            pub(crate) fn validate(&self) -> Vec<crudauth_core::ConfigError> {
                [$(self.$name.validate()),*].concat()
            }

            /// Applies the limits of `Builder::hardened`. Stricter values are kept.
            pub(crate) fn harden(&mut self) {
                $(self.$name.harden();)*
            }
        }

        /// Flows of the slices with a marker.
        pub(crate) struct Services<U: crudauth_core::model::AuthUser> {
            $($($(#[$when])* pub(crate) $name: <$marker as Service>::Flows<U>,)?)*
        }

        impl<U: crudauth_core::model::AuthUser> Services<U> {
            pub(crate) fn wire(wiring: &Wiring<U>, settings: &SliceSettings) -> Self {
                Self {
                    $($($(#[$when])* $name: <$marker>::wire(wiring, settings.$name.clone()),)?)*
                }
            }
        }
    };
}
pub(crate) use slices;
