//! Settings and wiring of the slices that stand beside sign-in, sessions, tokens and recovery.

use std::sync::Arc;

use crudauth_core::model::AuthUser;
use crudauth_core::slices::DatabaseStores;
use crudauth_core::slices::accounts::Callers;
use crudauth_core::{ConfigError, Kit};

/// A slice with settings and flows. Its marker implements it, and `services!` lists it.
pub(crate) trait Service {
    /// The settings.
    type Config: Default;

    /// The flows.
    type Flows<U: AuthUser>;

    /// Returns the errors of the settings.
    fn validate(config: &Self::Config) -> Vec<ConfigError>;

    /// Applies the limits of `Builder::hardened`. Stricter values are kept.
    fn harden(config: &mut Self::Config);

    /// Creates the flows.
    fn wire<U: AuthUser>(wiring: &Wiring<U>, config: Self::Config) -> Self::Flows<U>;
}

/// The parts from which a slice creates its flows.
pub(crate) struct Wiring<U: AuthUser> {
    pub(crate) kit: Kit<U>,
    pub(crate) database: Arc<dyn DatabaseStores<U>>,
    pub(crate) callers: Callers<U>,
}

/// Declares the settings and the flows of all listed slices.
macro_rules! services {
    ($($name:ident: $marker:ty,)*) => {
        /// Settings of the listed slices.
        #[derive(Default)]
        pub(crate) struct ServiceSettings {
            $(pub(crate) $name: <$marker as Service>::Config,)*
        }

        impl ServiceSettings {
            pub(crate) fn validate(&self) -> Vec<crudauth_core::ConfigError> {
                [$(<$marker>::validate(&self.$name)),*].concat()
            }

            pub(crate) fn harden(&mut self) {
                $(<$marker>::harden(&mut self.$name);)*
            }
        }

        /// Flows of the listed slices.
        pub(crate) struct Services<U: crudauth_core::model::AuthUser> {
            $(pub(crate) $name: <$marker as Service>::Flows<U>,)*
        }

        impl<U: crudauth_core::model::AuthUser> Services<U> {
            pub(crate) fn wire(wiring: &Wiring<U>, settings: ServiceSettings) -> Self {
                Self { $($name: <$marker>::wire(wiring, settings.$name),)* }
            }
        }
    };
}
pub(crate) use services;
