//! Settings of the slices, and the wiring of those that stand beside sign-in, sessions, tokens and
//! recovery.

#[cfg(feature = "oauth")]
use std::collections::HashMap;
use std::sync::Arc;

use crudauth_core::Kit;
#[cfg(feature = "oauth")]
use crudauth_core::guard::challenges::ChallengeStore;
use crudauth_core::model::AuthUser;
use crudauth_core::slices::DatabaseStores;
use crudauth_core::slices::accounts::Callers;
use crudauth_core::slices::mfa::Mfa;
use crudauth_core::slices::sessions::Sessions;
#[cfg(feature = "oauth")]
use crudauth_core::slices::sign_in::SignInFlow;

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
    /// Whether the mount has second factors.
    pub(crate) has_mfa: bool,
    #[cfg(feature = "oauth")]
    pub(crate) sign_in: SignInFlow<U>,
    #[cfg(feature = "oauth")]
    pub(crate) challenges: Arc<dyn ChallengeStore>,
    /// The longest text of each column of the live table.
    #[cfg(feature = "oauth")]
    pub(crate) widths: HashMap<String, usize>,
}

/// Declares the settings of all listed slices, and the flows of those with a marker, which come after
/// the semicolon.
macro_rules! slices {
    (
        $($plain:ident: $plain_config:ty,)*;
        $($(#[$if:meta])* $name:ident: $config:ty => $marker:ty,)*
    ) => {
        /// Settings of the listed slices.
        #[derive(Default)]
        pub(crate) struct SliceSettings {
            $(pub(crate) $plain: $plain_config,)*
            $($(#[$if])* pub(crate) $name: $config,)*
        }

        impl SliceSettings {
            pub(crate) fn validate(&self) -> Vec<crudauth_core::ConfigError> {
                [
                    $(self.$plain.validate(),)*
                    $($(#[$if])* self.$name.validate(),)*
                ]
                .concat()
            }

            /// Applies the limits of `Builder::hardened`. Stricter values are kept.
            pub(crate) fn harden(&mut self) {
                $(self.$plain.harden();)*
                $($(#[$if])* self.$name.harden();)*
            }
        }

        /// Flows of the slices with a marker.
        pub(crate) struct Services<U: crudauth_core::model::AuthUser> {
            $($(#[$if])* pub(crate) $name: <$marker as Service>::Flows<U>,)*
        }

        impl<U: crudauth_core::model::AuthUser> Services<U> {
            pub(crate) fn wire(wiring: &Wiring<U>, settings: &SliceSettings) -> Self {
                Self { $($(#[$if])* $name: <$marker>::wire(wiring, settings.$name.clone()),)* }
            }
        }
    };
}
pub(crate) use slices;
