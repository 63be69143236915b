//! The code that replaces an item after a mistake, so that only the mistake is reported and not
//! every use of the item as well.

use darling::Error;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{DeriveInput, Generics, Type, TypeGenerics, parse_quote};

use super::private;

/// The errors, and every trait that the derive could have implemented, with placeholders as bodies.
/// `key` is the type of the key, if it is known.
pub(crate) fn user(input: &DeriveInput, key: Option<&Type>, error: Option<Error>) -> TokenStream {
    let errors = error.map(Error::write_errors);
    let generics = satisfied(&input.generics);
    let key = key.filter(|_| generics.params.is_empty());
    let id = key.cloned().unwrap_or_else(|| parse_quote!(::core::primitive::i64));
    let auth_user = auth_user(input, &generics, &id);
    let auth_row = auth_row(input, generics, &id);
    quote!(#errors #auth_user #auth_row)
}

/// The generics, with the supertraits of `AuthUser` that the derive does not implement as bounds.
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

fn auth_user(input: &DeriveInput, generics: &Generics, id: &Type) -> TokenStream {
    let p = private();
    let user = &input.ident;
    let (parameters, arguments, bounds) = generics.split_for_impl();
    let holder = role_holder(user, generics.clone(), &arguments);
    quote! {
        impl #parameters #p::Recoverable for #user #arguments #bounds {}
        impl #parameters #p::RecoverableByEmail for #user #arguments #bounds {}
        impl #parameters #p::Editable for #user #arguments #bounds {}
        impl #parameters #p::HasUsername for #user #arguments #bounds {}
        #holder
        impl #parameters #p::AuthUser for #user #arguments #bounds {
            type Id = #id;
            type SignUp = ();
            type Edit = ();
            const SHAPE: #p::Shape = <#p::Nobody as #p::AuthUser>::SHAPE;
            fn id(&self) -> &Self::Id {
                ::core::unreachable!()
            }
            fn identifiers(&self) -> #p::Vec<::core::option::Option<&::core::primitive::str>> {
                ::core::unreachable!()
            }
            fn sign_up(_: &mut #p::Form) -> ::core::result::Result<Self::SignUp, #p::InvalidField> {
                ::core::unreachable!()
            }
            fn edit(_: &mut #p::Form) -> ::core::result::Result<Self::Edit, #p::InvalidField> {
                ::core::unreachable!()
            }
        }
    }
}

fn role_holder(user: &Ident, mut generics: Generics, arguments: &TypeGenerics<'_>) -> TokenStream {
    let p = private();
    generics.params.push(parse_quote!(__R));
    let (parameters, _, bounds) = generics.split_for_impl();
    quote! {
        impl #parameters #p::RoleHolder<__R> for #user #arguments #bounds {
            fn has_role(&self) -> ::core::primitive::bool {
                ::core::unreachable!()
            }
        }
    }
}

fn auth_row(input: &DeriveInput, mut generics: Generics, id: &Type) -> TokenStream {
    let p = private();
    let user = &input.ident;
    let own = generics.clone();
    let (_, arguments, _) = own.split_for_impl();
    generics.params.push(parse_quote!(__DB: #p::Backend));
    generics.make_where_clause().predicates.push(parse_quote!(__DB: #p::Stores<#id>));
    let (parameters, _, bounds) = generics.split_for_impl();
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
            fn write_edit(_: Self::Edit, _: #p::Edits<__DB>) -> #p::Edits<__DB> {
                ::core::unreachable!()
            }
            fn plan() -> #p::Vec<#p::ColumnPlan> {
                ::core::unreachable!()
            }
        }
    }
}

/// The user type of a mount that names none.
pub(crate) fn placeholder_user() -> Type {
    let p = private();
    parse_quote!(#p::Nobody)
}
