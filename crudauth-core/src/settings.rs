//! Declares structs of settings: meaning, type and default of each field in one place.

use std::time::Duration;

/// Limits of `Builder::hardened`.
pub(crate) const MONTH: Duration = Duration::from_hours(30 * 24);
pub(crate) const YEAR: Duration = Duration::from_hours(365 * 24);

/// Lowers an optional limit to at most `max`.
pub(crate) fn shorten(value: &mut Option<Duration>, max: Duration) {
    *value = Some(value.unwrap_or(max).min(max));
}

/// Declares a struct of settings with a `Default` and a setter per field, so that an app names only
/// changed fields: `SessionConfig::default().max_sessions(3)`.
///
/// Fields are public for reading. A setter takes the type of its field, the type after `as`, or,
/// after `|`, anything that converts into the value of an `Option`. Fields in `private { .. }` have
/// no setter.
///
/// A struct with a mandatory value (`EmailConfig`, `RecoveryConfig`) has no `Default`; it has a
/// constructor and setters written by hand.
#[doc(hidden)]
#[macro_export]
macro_rules! settings {
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            $($(#[$what:meta])* $field:ident: $type:ty $(as $taken:ty)? $(| $inner:ty)? = $default:expr,)+
        }
        $(private {
            $($(#[$hidden_what:meta])* $hidden:ident: $hidden_type:ty = $hidden_default:expr,)+
        })?
    ) => {
        $(#[$about])*
        #[non_exhaustive]
        pub struct $name {
            $($(#[$what])* pub $field: $type,)+
            $($($(#[$hidden_what])* $hidden: $hidden_type,)+)?
        }

        impl ::core::default::Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ $($($hidden: $hidden_default,)+)? }
            }
        }

        impl $name {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](#structfield.", stringify!($field), ").")]
                #[must_use]
                pub fn $field(mut self, $field: $crate::settings!(@ $type $(as $taken)? $(| $inner)?)) -> Self {
                    self.$field = $crate::settings!(= $field $(| $inner)?);
                    self
                }
            )+
        }
    };
    (@ $type:ty) => { $type };
    (@ $type:ty as $taken:ty) => { $taken };
    (@ $type:ty | $inner:ty) => { impl ::core::convert::Into<$inner> };
    (= $value:ident) => { $value.into() };
    (= $value:ident | $inner:ty) => { ::core::option::Option::Some($value.into()) };
}
