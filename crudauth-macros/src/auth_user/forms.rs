//! The code that takes forms apart: the columns that sign-up reads, and those that owners may change.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::model::{Field, Model};
use crate::support::{local, optional, private, private_at};

/// Takes every column before it fails, so that the response lists all invalid fields.
pub(super) fn sign_up(model: &Model<'_>) -> TokenStream {
    let p = private();
    let form = local("form");
    let register: Vec<_> = model.register().collect();
    let taken: Vec<_> = (0..register.len()).map(|at| local(&format!("taken_{at}"))).collect();
    let values = register.iter().map(|field| take(field, &form));
    quote! {
        fn sign_up(#form: &mut #p::Form) -> ::core::result::Result<Self::SignUp, #p::InvalidField> {
            #(let #taken = #values;)*
            ::core::result::Result::Ok(__SignUp(#(#taken?),*))
        }
    }
}

/// Takes the columns that owners may change, as [`sign_up`] does.
pub(super) fn edit(model: &Model<'_>) -> TokenStream {
    let p = private();
    let form = local("form");
    let editable: Vec<_> = model.editable().collect();
    let taken: Vec<_> = (0..editable.len()).map(|at| local(&format!("taken_{at}"))).collect();
    let values = editable.iter().map(|field| {
        let Field { ty, name, .. } = field;
        let p = private_at(ty.span());
        let max = optional(field.max_length());
        quote_spanned!(ty.span()=> #p::Form::take_sent::<#ty>(#form, #name, #max))
    });
    quote! {
        fn edit(#form: &mut #p::Form) -> ::core::result::Result<Self::Edit, #p::InvalidField> {
            #(let #taken = #values;)*
            ::core::result::Result::Ok(__Edit(#(#taken?),*))
        }
    }
}

/// Takes a column out of a sign-up. The span makes rustc point at a type that serde cannot read.
fn take(field: &Field<'_>, form: &Ident) -> TokenStream {
    let Field { ty, name, .. } = field;
    let p = private_at(ty.span());
    match field.max_length() {
        Some(max) => quote_spanned!(ty.span()=> #p::Form::take_within::<#ty>(#form, #name, #max)),
        None => quote_spanned!(ty.span()=> #p::Form::take::<#ty>(#form, #name)),
    }
}
