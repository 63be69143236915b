//! Quotes what a right user struct becomes: `AuthUser`, `AuthRow` for every database that stores
//! its columns, and the markers of what it can do.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Type};

use super::kind::Kind;
use super::library::{HASH, VERIFIED};
use super::model::{Field, Model, Role};
use super::parse::SqlLiteral;
use crate::support::{private, private_at};

pub(super) fn expand(model: &Model<'_>, key: &Field<'_>) -> TokenStream {
    let (user, row, markers) = (auth_user(model, key), auth_row(model), markers(model));
    quote! {
        // A struct that opts nothing in takes nothing out of the form.
        #[allow(unused_variables)]
        const _: () = { #user #row #markers };
    }
}

/// A name that the app's own expressions cannot mean, and that nothing of the app's has: a unit
/// struct of that name, which a poem handler is, would be taken for a pattern.
fn local(name: &str) -> Ident {
    format_ident!("__{name}", span = Span::mixed_site())
}

/// The sign-up's values are a struct of their own, so that the app's private types may be in it.
fn auth_user(model: &Model<'_>, key: &Field<'_>) -> TokenStream {
    let (p, user) = (private(), model.declared.ident);
    let (id, id_type) = (key.ident(), key.ty());
    let types = model.register().map(Field::ty);
    let shape = shape(model, key);
    let identifiers = model.identifiers().map(|(_, field)| text_of(field));
    let sign_up = sign_up(model);
    quote! {
        pub struct __SignUp(#(#types),*);

        #[automatically_derived]
        impl #p::AuthUser for #user {
            type Id = #id_type;
            type SignUp = __SignUp;
            const SHAPE: #p::Shape = #shape;
            fn id(&self) -> &Self::Id {
                &self.#id
            }
            fn identifiers(
                &self,
            ) -> ::std::vec::Vec<::core::option::Option<&::core::primitive::str>> {
                ::std::vec::Vec::from([#(#identifiers),*])
            }
            #sign_up
        }
    }
}

/// Takes every column before it gives up on one, so that a sign-up is told all its mistakes.
fn sign_up(model: &Model<'_>) -> TokenStream {
    let (p, form) = (private(), local("form"));
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

fn shape(model: &Model<'_>, key: &Field<'_>) -> TokenStream {
    let p = private();
    let (table, id) = (&model.table.text, &key.column.text);
    let columns = model.columns().map(|field| &field.column.text);
    let identifiers = model.identifiers().map(|(kind, field)| identifier(kind, field));
    let recovery = optional(model.recovery());
    let bound = model.bound().map(|(_, field)| field);
    let written = model.register().chain(bound).map(|field| &field.column.text);
    let asked = model.register().map(|field| {
        let (name, column) = (&field.name, &field.column.text);
        quote!((#name, #column))
    });
    let defaults = model.fields.iter().filter_map(|field| match &field.role {
        Role::Sql(literal) => {
            let (column, value) = (&field.column.text, sql_default(literal));
            Some(quote!((#column, #p::Literal::#value)))
        }
        _ => None,
    });
    let unique = model.columns().filter(|field| field.declared.words.unique.is_some());
    let unique = unique.map(|field| &field.column.text);
    let companion = companion(model);
    quote! {
        #p::Shape {
            table: #table,
            id: #id,
            columns: &[#(#columns),*],
            identifiers: &[#(#identifiers),*],
            recovery: #recovery,
            written: &[#(#written),*],
            asked: &[#(#asked),*],
            defaults: &[#(#defaults),*],
            unique: &[#(#unique),*],
            companion: #companion,
        }
    }
}

fn identifier(kind: Kind, field: &Field<'_>) -> TokenStream {
    let p = private();
    let (name, column, kind) = (&field.name, &field.column.text, kind.variant());
    let key = field.own_key().map_or_else(|| column.clone(), |key| key.text);
    let max_chars = optional(max_length(field));
    let (is_optional, is_login) = (field.is_optional(), field.declared.words.no_login.is_none());
    quote! {
        #p::IdentifierColumn {
            name: #name,
            column: #column,
            key: #key,
            kind: #p::IdentifierKind::#kind,
            max_chars: #max_chars,
            is_optional: #is_optional,
            is_login: #is_login,
        }
    }
}

fn companion(model: &Model<'_>) -> TokenStream {
    let p = private();
    let name = |word| model.library.name(word).unwrap_or_default();
    let (hash, active, superuser) = (name(HASH), name("is_active"), name("is_superuser"));
    let (version, epoch) = (name("token_version"), name("auth_epoch"));
    let verified = optional(model.library.name(VERIFIED));
    let (created, updated) = (name("created_at"), name("updated_at"));
    quote! {
        #p::Companion {
            hash: #hash,
            active: #active,
            superuser: #superuser,
            version: #version,
            epoch: #epoch,
            verified: #verified,
            created: #created,
            updated: #updated,
        }
    }
}

/// How long a text may be, where that is said.
fn max_length(field: &Field<'_>) -> Option<usize> {
    field.declared.words.max_length.as_ref().and_then(|(_, number)| number.base10_parse().ok())
}

/// An `Option` as it is written.
fn optional(value: Option<impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// An identifier as text; what is none is told at its type.
fn text_of(field: &Field<'_>) -> TokenStream {
    let (ident, span) = (field.ident(), field.ty().span());
    let text = quote_spanned! {span=> ::core::convert::AsRef::<::core::primitive::str>::as_ref };
    match field.is_optional() {
        true => quote_spanned!(span=> ::core::option::Option::map(self.#ident.as_ref(), #text)),
        false => quote_spanned!(span=> ::core::option::Option::Some(#text(&self.#ident))),
    }
}

/// Takes a column out of a sign-up; a type that serde cannot read is told at itself.
fn take(field: &Field<'_>, form: &Ident) -> TokenStream {
    let (ty, name) = (field.ty(), &field.name);
    let p = private_at(ty.span());
    match max_length(field) {
        Some(max) => quote_spanned!(ty.span()=> #p::Form::take_within::<#ty>(#form, #name, #max)),
        None => quote_spanned!(ty.span()=> #p::Form::take::<#ty>(#form, #name)),
    }
}

/// The parameter that stands for the database; no type of the app's is called so.
fn database(span: Span) -> Ident {
    Ident::new("__DB", span)
}

fn auth_row(model: &Model<'_>) -> TokenStream {
    let (p, user, db) = (private(), model.declared.ident, database(Span::call_site()));
    let (row, values, call) = (local("row"), local("values"), local("call"));
    let stores = stores(model);
    let reads = reads(model, &db, &row);
    let binds = binds(model, &values);
    let plans = model.columns().map(|field| plan(field, &db));
    quote! {
        #[automatically_derived]
        impl<#db: #p::Backend> #p::AuthRow<#db> for #user where #(#stores,)* {
            fn read(
                #row: &<#db as #p::sqlx::Database>::Row,
            ) -> ::core::result::Result<Self, #p::sqlx::Error> {
                ::core::result::Result::Ok(Self { #(#reads),* })
            }
            fn write(#values: Self::SignUp, #call: #p::Call<#db>) -> #p::Call<#db> {
                #call #(#binds)*
            }
            fn plan() -> ::std::vec::Vec<#p::ColumnPlan> {
                ::std::vec::Vec::from([#(#plans),*])
            }
        }
    }
}

/// One bound for each type of a column, told at the first column of it.
fn stores(model: &Model<'_>) -> Vec<TokenStream> {
    let mut seen = HashSet::new();
    let types = model.columns().map(Field::ty);
    let distinct = types.filter(|ty| seen.insert(ty.to_token_stream().to_string()));
    let bound = |ty: &Type| {
        let (p, db) = (private_at(ty.span()), database(ty.span()));
        quote_spanned!(ty.span()=> #db: #p::Stores<#ty>)
    };
    distinct.map(bound).collect()
}

/// The fields of the struct: columns by position, the others by default.
fn reads(model: &Model<'_>, db: &Ident, row: &Ident) -> Vec<TokenStream> {
    let p = private();
    let mut position = 0_usize;
    let read = |field: &Field<'_>| {
        let (ident, ty) = (field.ident(), field.ty());
        let value = match field.role {
            Role::Skipped => {
                quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default())
            }
            _ => {
                let at = position;
                position += 1;
                quote!(<#db as #p::Stores<#ty>>::take(#row, #at)?)
            }
        };
        quote!(#ident: #value)
    };
    model.fields.iter().map(read).collect()
}

/// Binds what a sign-up asked for, then what it stores without asking.
fn binds(model: &Model<'_>, values: &Ident) -> Vec<TokenStream> {
    let register = model.register().enumerate().map(|(at, field)| {
        let (ty, at) = (field.ty(), syn::Index::from(at));
        quote!(.with::<#ty>(#values.#at))
    });
    let bound = model.bound().map(|(value, field)| {
        let ty = field.ty();
        let of_type = || quote_spanned!(ty.span()=> ::core::default::Default::default());
        let value = value.map_or_else(of_type, ToTokens::to_token_stream);
        quote!(.with::<#ty>(#value))
    });
    register.chain(bound).collect()
}

/// A column as a migration makes it.
fn plan(field: &Field<'_>, db: &Ident) -> TokenStream {
    let (p, ty, column) = (private(), field.ty(), &field.column.text);
    let nullable = field.is_optional().then(|| quote!(.nullable()));
    let default = match &field.role {
        Role::Sql(literal) => {
            let value = sql_default(literal);
            Some(quote!(.default(#p::SqlDefault::#value)))
        }
        _ => None,
    };
    let length = max_length(field).map(|max| quote!(.max_chars(#max)));
    quote!(#p::ColumnPlan::of::<#db, #ty>(#column) #length #nullable #default)
}

fn sql_default(literal: &SqlLiteral) -> TokenStream {
    match literal {
        SqlLiteral::Text(text) => quote!(Text(#text)),
        SqlLiteral::Integer(number) => quote!(Integer(#number)),
        SqlLiteral::Boolean(truth) => quote!(Boolean(#truth)),
    }
}

/// What the shape can do.
fn markers(model: &Model<'_>) -> TokenStream {
    let (p, user) = (private(), model.declared.ident);
    let recovery = model.recovery().and_then(|at| model.identifiers().nth(at));
    let by_email = recovery.as_ref().is_some_and(|(kind, _)| *kind == Kind::Email);
    let recoverable = recovery.map(|_| format_ident!("Recoverable"));
    let by_email = by_email.then(|| format_ident!("RecoverableByEmail"));
    let markers = recoverable.into_iter().chain(by_email);
    quote!(#(
        #[automatically_derived]
        impl #p::#markers for #user {}
    )*)
}

impl Kind {
    fn variant(self) -> Ident {
        match self {
            Self::Email => format_ident!("Email"),
            Self::Username => format_ident!("Username"),
            Self::Phone => format_ident!("Phone"),
            Self::Code => format_ident!("Code"),
        }
    }
}
