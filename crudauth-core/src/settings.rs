//! How settings are declared: each with its meaning, its type and its default in one place.

/// A struct of settings. Each field is public, to be read, and has a setter of its name, so that
/// what differs from the default is said in a chain: `SessionConfig::default().max_sessions(3)`. It takes the
/// field's type, or whatever stands behind `as`, or what becomes the inside of an `Option` behind `|`.
#[doc(hidden)]
#[macro_export]
macro_rules! settings {
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            $($(#[$what:meta])* $field:ident: $type:ty $(as $said:ty)? $(| $inner:ty)? = $default:expr,)+
        }
    ) => {
        $(#[$about])*
        #[non_exhaustive]
        pub struct $name {
            $($(#[$what])* pub $field: $type,)+
        }

        impl ::core::default::Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl $name {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](#structfield.", stringify!($field), ").")]
                #[must_use]
                pub fn $field(mut self, $field: $crate::settings!(@ $type $(as $said)? $(| $inner)?)) -> Self {
                    self.$field = $crate::settings!(= $field $(| $inner)?);
                    self
                }
            )+
        }
    };
    (@ $type:ty) => { $type };
    (@ $type:ty as $said:ty) => { $said };
    (@ $type:ty | $inner:ty) => { impl ::core::convert::Into<$inner> };
    (= $value:ident) => { $value.into() };
    (= $value:ident | $inner:ty) => { ::core::option::Option::Some($value.into()) };
}
