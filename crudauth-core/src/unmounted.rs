//! The store of a slice that a mount does not name.

use crate::store_error::StoreError;

/// Stands for the store of each slice that a mount does not name. Every verb fails.
///
/// The SQL of such a slice is not compiled for the app.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unmounted;

impl Unmounted {
    pub(crate) fn refuse<T>(port: &str) -> Result<T, StoreError> {
        Err(StoreError::failed(format!("the mount does not name the slice of the `{port}`")))
    }
}

/// Declares the port of a slice, and implements it for [`Unmounted`].
macro_rules! port {
    (
        $(#[$meta:meta])*
        pub trait $port:ident<$user:ident> {
            $(
                $(#[$doc:meta])*
                async fn $verb:ident(&self $(, $argument:ident: $type:ty)* $(,)?)
                -> Result<$done:ty, StoreError>;
            )*
        }
    ) => {
        $(#[$meta])*
        #[async_trait]
        pub trait $port<$user: AuthUser>: Send + Sync + 'static {
            $(
                $(#[$doc])*
                async fn $verb(&self, $($argument: $type),*) -> Result<$done, StoreError>;
            )*
        }

        #[async_trait]
        impl<$user: AuthUser> $port<$user> for $crate::unmounted::Unmounted {
            $(
                async fn $verb(&self, $($argument: $type),*) -> Result<$done, StoreError> {
                    let _ = ($($argument,)*);
                    Self::refuse(stringify!($port))
                }
            )*
        }
    };
}
pub(crate) use port;
