//! Settings of the slices, and the wiring of those that stand beside sign-in, sessions, tokens and
//! recovery.

use std::collections::HashMap;
use std::sync::Arc;

use crudauth_core::guard::challenges::ChallengeStore;
use crudauth_core::model::AuthUser;
#[cfg(feature = "oauth")]
use crudauth_core::notify::Background;
use crudauth_core::slices::DatabaseStores;
use crudauth_core::slices::account::SharedData;
use crudauth_core::slices::accounts::Callers;
use crudauth_core::slices::bearer::{self, BearerTokens};
use crudauth_core::slices::mfa::{AUTHENTICATORS, Mfa};
use crudauth_core::slices::passkeys::PasskeyFactor;
use crudauth_core::slices::recovery::Recovery;
use crudauth_core::slices::sessions::{self, Sessions};
use crudauth_core::slices::sign_in::SignInFlow;
use crudauth_core::slices::sudo::Sudo;
use crudauth_core::sql::TableSpec;
use crudauth_core::{ConfigError, Kit};

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

/// The settings of a slice that has none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NoSettings;

impl NoSettings {
    pub(crate) fn validate(&self) -> Vec<ConfigError> {
        Vec::new()
    }

    pub(crate) fn harden(&mut self) {}
}

/// The parts from which a slice creates its flows.
pub(crate) struct Wiring<U: AuthUser> {
    pub(crate) kit: Kit<U>,
    pub(crate) database: DatabaseStores<U>,
    pub(crate) callers: Callers<U>,
    pub(crate) sessions: Arc<Sessions<U>>,
    pub(crate) tokens: Arc<BearerTokens<U>>,
    pub(crate) mfa: Arc<Mfa<U>>,
    pub(crate) sudo: Arc<Sudo<U>>,
    pub(crate) recovery: Option<Recovery<U>>,
    /// The app's data of accounts.
    pub(crate) data: Vec<SharedData<U>>,
    /// The tables of the mounted slices.
    pub(crate) tables: Vec<&'static TableSpec>,
    /// `None` if the mount has no passkeys.
    pub(crate) passkeys: Option<PasskeyFactor<U>>,
    pub(crate) challenges: Arc<dyn ChallengeStore>,
    pub(crate) sign_in: SignInFlow<U>,
    #[cfg(feature = "oauth")]
    pub(crate) background: Background,
    /// The paths of the mounted slices.
    pub(crate) paths: Vec<&'static str>,
    /// The front end that mails link to; `None` if the mount does not name `email`.
    pub(crate) frontend_url: Option<String>,
    /// The longest text of each column of the live table.
    pub(crate) widths: HashMap<String, usize>,
}

/// The slices that a mount may lack: they are wired in every mount, and work with their tables only.
impl<U: AuthUser> Wiring<U> {
    pub(crate) fn has(&self, table: &TableSpec) -> bool {
        self.tables.contains(&table)
    }

    pub(crate) fn has_path(&self, path: &str) -> bool {
        self.paths.contains(&path)
    }

    pub(crate) fn mounted_sessions(&self) -> Option<Arc<Sessions<U>>> {
        self.has(&sessions::TABLE).then(|| Arc::clone(&self.sessions))
    }

    pub(crate) fn mounted_tokens(&self) -> Option<Arc<BearerTokens<U>>> {
        self.has(&bearer::TABLE).then(|| Arc::clone(&self.tokens))
    }

    pub(crate) fn mounted_mfa(&self) -> Option<Arc<Mfa<U>>> {
        self.has(&AUTHENTICATORS).then(|| Arc::clone(&self.mfa))
    }
}

/// The stores that a slice adds to those of its mount.
macro_rules! stores {
    ($marker:ident: $($store:ident),*) => {
        impl $crate::mount::HasStores for $marker {
            fn add<DB: crudauth_core::sql::Backend, U: crudauth_core::sql::AuthRow<DB>>(
                sql: &std::sync::Arc<crudauth_core::sql::SqlStore<DB, U>>,
                stores: &mut crudauth_core::slices::DatabaseStores<U>,
            ) {
                $(stores.$store = std::sync::Arc::clone(sql) as _;)*
            }
        }
    };
}
pub(crate) use stores;

/// Declares the settings of all listed slices, and the flows of those with a marker, which come after
/// the semicolon. A slice, or a marker alone, that needs a feature of the crate has a condition.
macro_rules! slices {
    (
        $($plain:ident: $plain_config:ty,)*;
        $($(#[$if:meta])* $name:ident: $config:ty => $(#[$when:meta])* $marker:ty,)*
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
            $($(#[$if])* $(#[$when])* pub(crate) $name: <$marker as Service>::Flows<U>,)*
        }

        impl<U: crudauth_core::model::AuthUser> Services<U> {
            pub(crate) fn wire(wiring: &Wiring<U>, settings: &SliceSettings) -> Self {
                Self {
                    $($(#[$if])* $(#[$when])* $name: <$marker>::wire(wiring, settings.$name.clone()),)*
                }
            }
        }
    };
}
pub(crate) use slices;
