//! What is written in place of something that did not compile, so that a mistake is told once and
//! nothing that uses the struct complains as well.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Generics, Type, parse_quote};

use super::private;

/// Every trait that the derive could have written, without sense. `key` is the type of the key, if
/// there is one.
pub(crate) fn user(
    input: &DeriveInput,
    key: Option<&Type>,
    error: Option<syn::Error>,
) -> TokenStream {
    let told = error.map(syn::Error::into_compile_error);
    let generics = satisfied(&input.generics);
    let key = key.filter(|_| generics.params.is_empty());
    let (auth_user, auth_row) = (auth_user(input, &generics, key), auth_row(input, generics));
    quote!(#told #auth_user #auth_row)
}

/// The generics, with the bounds of the traits that the derive does not write.
fn satisfied(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    if !generics.params.is_empty() {
        let bounds = parse_quote! {
            Self: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static
        };
        generics.make_where_clause().predicates.push(bounds);
    }
    generics
}

fn auth_user(input: &DeriveInput, generics: &Generics, key: Option<&Type>) -> TokenStream {
    let (p, user) = (private(), &input.ident);
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let id = key.map_or_else(|| quote!(::core::primitive::i64), |ty| quote!(#ty));
    quote! {
        impl #parameters #p::Recoverable for #user #arguments #bounds {}
        impl #parameters #p::RecoverableByEmail for #user #arguments #bounds {}
        impl #parameters #p::AuthUser for #user #arguments #bounds {
            type Id = #id;
            type SignUp = ();
            const SHAPE: #p::Shape = <#p::Nobody as #p::AuthUser>::SHAPE;
            fn id(&self) -> &Self::Id {
                ::core::unreachable!()
            }
            fn identifiers(
                &self,
            ) -> ::std::vec::Vec<::core::option::Option<&::core::primitive::str>> {
                ::core::unreachable!()
            }
            fn sign_up(_: &mut #p::Form) -> ::core::result::Result<Self::SignUp, #p::InvalidField> {
                ::core::unreachable!()
            }
        }
    }
}

fn auth_row(input: &DeriveInput, mut generics: Generics) -> TokenStream {
    let (p, user) = (private(), &input.ident);
    let own = generics.clone();
    let (_, arguments, bounds) = own.split_for_impl();
    generics.params.push(parse_quote!(__DB: #p::Backend));
    let (parameters, _, _) = generics.split_for_impl();
    quote! {
        impl #parameters #p::AuthRow<__DB> for #user #arguments #bounds {
            fn read(
                _: &<__DB as #p::sqlx::Database>::Row,
            ) -> ::core::result::Result<Self, #p::sqlx::Error> {
                ::core::unreachable!()
            }
            fn write(_: Self::SignUp, _: #p::Call<__DB>) -> #p::Call<__DB> {
                ::core::unreachable!()
            }
            fn plan() -> ::std::vec::Vec<#p::ColumnPlan> {
                ::core::unreachable!()
            }
        }
    }
}

/// The user of a mount that names none.
pub(crate) fn nobody() -> Type {
    let p = private();
    parse_quote!(#p::Nobody)
}
