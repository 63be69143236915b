//! The code for a user struct: `AuthUser`, `AuthRow` for every database that stores its columns,
//! and the traits of `markers`.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned;

use super::kind::Kind;
use super::library::{HASH, VERIFIED};
use super::model::{Field, Model, Role};
use super::parse::{Erased, Generator};
use super::{forms, markers};
use crate::support::{local, optional, private, private_at};

pub(super) fn expand(model: &Model<'_>, key: &Field<'_>) -> TokenStream {
    let user = auth_user(model, key);
    let row = auth_row(model);
    let markers = markers::markers(model);
    let roles = markers::role_holder(model);
    quote! {
        #[allow(unused_variables, reason = "a struct without `register` does not read the form")]
        const _: () = { #user #row #markers #roles };
    }
}

/// The values of a sign-up are a struct of their own, which may contain private types of the app.
fn auth_user(model: &Model<'_>, key: &Field<'_>) -> TokenStream {
    let p = private();
    let user = model.declared.ident;
    let id = key.ident;
    let id_type = key.ty;
    let types = model.register().map(|field| field.ty);
    let edited = model.editable().map(|field| field.ty);
    let shape = shape(model, key);
    let identifiers = model.identifiers().map(|(_, field)| text_of(field));
    let sign_up = forms::sign_up(model);
    let edit = forms::edit(model);
    let exported = exported(model);
    let generator = generator(key);
    quote! {
        #[derive(::core::clone::Clone)]
        pub struct __SignUp(#(#types),*);

        #[derive(::core::clone::Clone)]
        pub struct __Edit(#(::core::option::Option<#edited>),*);

        #[automatically_derived]
        impl #p::AuthUser for #user {
            type Id = #id_type;
            type SignUp = __SignUp;
            type Edit = __Edit;
            const SHAPE: #p::Shape = #shape;
            #generator
            fn id(&self) -> &Self::Id {
                &self.#id
            }
            fn identifiers(&self) -> #p::Vec<::core::option::Option<&::core::primitive::str>> {
                #p::Vec::from([#(#identifiers),*])
            }
            #exported
            #sign_up
            #edit
        }
    }
}

/// The fields with `export`. The span makes rustc point at a type that serde cannot write.
fn exported(model: &Model<'_>) -> TokenStream {
    let p = private();
    let fields = model.columns().filter(|field| field.arguments.export.is_some());
    let fields = fields.map(|Field { ident, name, ty, .. }| {
        let p = private_at(ty.span());
        let value = quote_spanned!(ty.span()=> #p::exported::<#ty>);
        quote!((#name, #value(&self.#ident)))
    });
    quote! {
        fn exported(&self) -> #p::Vec<(&'static ::core::primitive::str, #p::Value)> {
            #p::Vec::from([#(#fields),*])
        }
    }
}

/// The source of keys and the function that makes them, unless the type of the key implies both.
fn generator(key: &Field<'_>) -> Option<TokenStream> {
    let p = private();
    let made = match &key.arguments.generate.as_ref()?.value {
        Generator::Database => None,
        Generator::Uuid => Some(quote!(#p::uuid().into())),
        Generator::Ulid => Some(quote!(#p::ulid().into())),
        Generator::Function(path) => Some(quote!(#path())),
    };
    let source = format_ident!("{}", if made.is_some() { "Library" } else { "Database" });
    let id = optional(made);
    Some(quote! {
        const KEY_SOURCE: #p::KeySource = #p::KeySource::#source;
        fn generate_id() -> ::core::option::Option<Self::Id> {
            #id
        }
    })
}

fn shape(model: &Model<'_>, key: &Field<'_>) -> TokenStream {
    let p = private();
    let arguments = model.declared.arguments.as_ref();
    let schema = arguments.and_then(|arguments| arguments.schema.as_ref());
    let schema = optional(schema.map(|schema| &schema.value));
    let table = &model.table;
    let id = &key.column;
    let columns = model.columns().map(|field| &field.column);
    let identifiers = model.identifiers().map(|(kind, field)| identifier(kind, field));
    let recovery = optional(model.recovery().map(|(at, _)| at));
    let bound = model.bound().map(|(_, field)| field);
    let written = model.register().chain(bound).map(|field| &field.column);
    let pair = |Field { name, column, .. }: &Field<'_>| quote!((#name, #column));
    let asked = model.register().map(pair);
    let editable = model.editable().map(pair);
    let defaults = model.fields.iter().filter_map(|field| {
        let column = &field.column;
        field.sql_default().map(|literal| quote!((#column, #p::SqlDefault::#literal)))
    });
    let unique = model.columns().filter(|field| field.arguments.unique.is_some());
    let unique = unique.map(|field| &field.column);
    let erased = model.columns().filter_map(|field| {
        let column = &field.column;
        let value = match &field.arguments.erase.as_ref()?.value {
            Erased::Null => None,
            Erased::Literal(literal) => Some(quote!(#p::SqlDefault::#literal)),
        };
        let value = optional(value);
        Some(quote!((#column, #value)))
    });
    let companion = companion(model);
    quote! {
        #p::Shape {
            schema: #schema,
            table: #table,
            id: #id,
            columns: &[#(#columns),*],
            identifiers: &[#(#identifiers),*],
            recovery: #recovery,
            written: &[#(#written),*],
            asked: &[#(#asked),*],
            editable: &[#(#editable),*],
            defaults: &[#(#defaults),*],
            unique: &[#(#unique),*],
            erased: &[#(#erased),*],
            companion: #companion,
        }
    }
}

fn identifier(kind: Kind, field: &Field<'_>) -> TokenStream {
    let p = private();
    let Field { name, column, .. } = field;
    let key = field.own_key();
    let key = key.as_ref().unwrap_or(column);
    let max_chars = optional(field.max_length());
    let is_optional = field.is_optional();
    let is_login = field.arguments.no_login.is_none();
    let is_blank_null = field.arguments.blank_is_null.is_some();
    quote! {
        #p::IdentifierColumn {
            name: #name,
            column: #column,
            key: #key,
            kind: #p::IdentifierKind::#kind,
            max_chars: #max_chars,
            is_optional: #is_optional,
            is_login: #is_login,
            is_blank_null: #is_blank_null,
        }
    }
}

fn companion(model: &Model<'_>) -> TokenStream {
    let p = private();
    let columns = [
        ("hash", HASH),
        ("active", "is_active"),
        ("superuser", "is_superuser"),
        ("version", "token_version"),
        ("epoch", "auth_epoch"),
        ("created", "created_at"),
        ("updated", "updated_at"),
    ];
    let columns = columns.map(|(field, argument)| {
        let field = format_ident!("{field}");
        let column = model.library.name(argument);
        quote!(#field: #column)
    });
    let verified = optional(model.library.name(VERIFIED));
    let arguments = model.declared.arguments.as_ref();
    let times = arguments.and_then(|arguments| arguments.times.as_ref());
    let times = optional(times.map(|times| {
        let unit = times.value;
        quote!(#p::TimeUnit::#unit)
    }));
    let deleted = arguments.and_then(|arguments| arguments.deleted_at.as_ref());
    let deleted = optional(deleted.map(|deleted| &deleted.value));
    quote!(#p::Companion { verified: #verified, times: #times, deleted: #deleted, #(#columns,)* })
}

/// An identifier as text. The type's span makes rustc point there if the type is not text. `self`
/// has a span of its own: if a `macro_rules!` wrote the struct, the type's `self` is another one.
fn text_of(field: &Field<'_>) -> TokenStream {
    let Field { ident, ty, .. } = field;
    let text = quote_spanned!(ty.span()=> ::core::convert::AsRef::<::core::primitive::str>::as_ref);
    if field.is_optional() {
        quote!(::core::option::Option::map(::core::option::Option::as_ref(&self.#ident), #text))
    } else {
        let text = quote_spanned! {ty.span()=>
            <#ty as ::core::convert::AsRef<::core::primitive::str>>::as_ref
        };
        quote!(::core::option::Option::Some(#text(&self.#ident)))
    }
}

/// The type parameter for the database, named so that it hides no type of the app.
fn database(span: Span) -> Ident {
    Ident::new("__DB", span)
}

fn auth_row(model: &Model<'_>) -> TokenStream {
    let p = private();
    let user = model.declared.ident;
    let db = database(Span::call_site());
    let row = local("row");
    let values = local("values");
    let call = local("call");
    let stores = stores(model);
    let reads = reads(model, &db, &row);
    let binds = binds(model, &values);
    let edits = local("edits");
    let edited = model.editable().enumerate().map(|(at, field)| {
        let ty = field.ty;
        let at = syn::Index::from(at);
        quote!(.with::<#ty>(#values.#at))
    });
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
            fn write_edit(#values: Self::Edit, #edits: #p::Edits<#db>) -> #p::Edits<#db> {
                #edits #(#edited)*
            }
            fn plan() -> #p::Vec<#p::ColumnPlan> {
                #p::Vec::from([#(#plans),*])
            }
        }
    }
}

/// One bound for each distinct column type, with the span of its first column.
fn stores(model: &Model<'_>) -> Vec<TokenStream> {
    let mut seen = HashSet::new();
    let types = model.columns().map(|field| field.ty);
    let distinct = types.filter(|ty| seen.insert(ty.to_token_stream().to_string()));
    let bounds = distinct.map(|ty| {
        let p = private_at(ty.span());
        let db = database(ty.span());
        quote_spanned!(ty.span()=> #db: #p::Stores<#ty>)
    });
    bounds.collect()
}

/// The fields of the struct: columns by position, the others by `Default`.
fn reads(model: &Model<'_>, db: &Ident, row: &Ident) -> Vec<TokenStream> {
    let p = private();
    let mut positions = 0_usize..;
    let reads = model.fields.iter().map(|Field { ident, ty, role, arguments, .. }| match role {
        Role::Skipped => {
            quote_spanned!(ty.span()=> #ident: <#ty as ::core::default::Default>::default())
        }
        _ => {
            let at = positions.next();
            let value = quote!(<#db as #p::Stores<#ty>>::take(#row, #at)?);
            match arguments.blank_is_null {
                Some(_) => quote!(#ident: #p::without_blank(#value)),
                None => quote!(#ident: #value),
            }
        }
    });
    reads.collect()
}

/// Binds the columns that sign-up reads from the request, then the columns that it sets by itself.
fn binds(model: &Model<'_>, values: &Ident) -> Vec<TokenStream> {
    let register = model.register().enumerate().map(|(at, field)| {
        let ty = field.ty;
        let at = syn::Index::from(at);
        quote!(.with::<#ty>(#values.#at))
    });
    let bound = model.bound().map(|(value, field)| {
        let ty = field.ty;
        let value = match value {
            Some(value) => value.to_token_stream(),
            None => quote_spanned!(ty.span()=> ::core::default::Default::default()),
        };
        quote!(.with::<#ty>(#value))
    });
    register.chain(bound).collect()
}

/// A column for the migrations.
fn plan(field: &Field<'_>, db: &Ident) -> TokenStream {
    let p = private();
    let Field { ty, column, .. } = field;
    let length = field.max_length().map(|max| quote!(.max_chars(#max)));
    let nullable = field.is_optional().then(|| quote!(.nullable()));
    let default = field.sql_default().map(|literal| quote!(.default(#p::SqlDefault::#literal)));
    quote!(#p::ColumnPlan::of::<#db, #ty>(#column) #length #nullable #default)
}
