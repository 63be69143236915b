//! The code for traits that describe the struct: ways to recover an account, editable columns, roles.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::kind::Kind;
use super::model::{Field, Model};
use crate::support::private;

/// The column with roles. Its type may be private, so it is not named in an associated type.
pub(super) fn role_holder(model: &Model<'_>) -> Option<TokenStream> {
    let (_, Field { ident, ty, .. }) = model.role_columns().next()?;
    let p = private();
    let user = model.declared.ident;
    Some(quote! {
        #[automatically_derived]
        impl<__R> #p::RoleHolder<__R> for #user
        where
            #ty: #p::HasRole<__R>,
        {
            fn has_role(&self) -> ::core::primitive::bool {
                #p::HasRole::<__R>::has_role(&self.#ident)
            }
        }
    })
}

/// Marks that accounts can be recovered, whether by email, that owners may change a column, and that
/// accounts have a username.
pub(super) fn markers(model: &Model<'_>) -> TokenStream {
    let p = private();
    let user = model.declared.ident;
    let markers: &[_] = match model.recovery() {
        Some((_, Kind::Email)) => &["Recoverable", "RecoverableByEmail"],
        Some(_) => &["Recoverable"],
        None => &[],
    };
    let editable = model.editable().next().map(|_| "Editable");
    let has_username = model.identifiers().any(|(kind, _)| kind == Kind::Username);
    let named = has_username.then_some("HasUsername");
    let markers = markers.iter().copied().chain(editable).chain(named);
    let markers = markers.map(|marker| format_ident!("{marker}"));
    quote!(#(
        #[automatically_derived]
        impl #p::#markers for #user {}
    )*)
}
