//! `Debug` for types whose content must not, or cannot, be shown.

/// Implements `Debug` so that it shows the names of the types only: `Password(..)`.
macro_rules! opaque {
    ($($name:ident $(<$lifetime:lifetime>)?),+) => {$(
        impl ::std::fmt::Debug for $name $(<$lifetime>)? {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}

pub(crate) use opaque;
