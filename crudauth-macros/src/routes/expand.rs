//! The code for a mount: the struct around the wired parts, its marker traits, and the function
//! that returns the builder.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::model::Model;
use super::parse::Transport;
use super::slices::SLICES;
use crate::support::{private, private_at};

pub(super) fn expand(model: &Model<'_>) -> TokenStream {
    let (wrapper, sharing, marks) = (wrapper(model), sharing(model), marks(model));
    let (mount, builder, middleware) = (mount(model), builder(model), middleware(model));
    quote!(#wrapper #sharing #mount #marks #builder #middleware)
}

/// The span of the user struct, for bounds on it: rustc points there if one is not met.
fn at_user(model: &Model<'_>) -> Span {
    model.user.span().resolved_at(Span::call_site())
}

/// The type of the wired parts.
fn mounted(model: &Model<'_>) -> TokenStream {
    let (p, user) = (private_at(at_user(model)), &model.user);
    quote_spanned!(at_user(model)=> #p::Mounted<#user>)
}

fn wrapper(model: &Model<'_>) -> TokenStream {
    let Model { attributes, visibility, ident, .. } = model;
    let (name, mounted) = (ident.unraw().to_string(), mounted(model));
    quote! {
        #(#attributes)*
        #visibility struct #ident(#mounted);

        #[automatically_derived]
        impl ::core::fmt::Debug for #ident {
            fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                __f.debug_struct(#name).finish_non_exhaustive()
            }
        }
    }
}

/// A clone is the same mount. It dereferences to the wired parts.
fn sharing(model: &Model<'_>) -> TokenStream {
    let (ident, mounted) = (model.ident, mounted(model));
    quote_spanned! {at_user(model)=>
        #[automatically_derived]
        impl ::core::clone::Clone for #ident {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }
        #[automatically_derived]
        impl ::core::ops::Deref for #ident {
            type Target = #mounted;
            fn deref(&self) -> &#mounted {
                &self.0
            }
        }
    }
}

fn mount(model: &Model<'_>) -> TokenStream {
    let (ident, user, mounted) = (model.ident, &model.user, mounted(model));
    let (p, span) = (private_at(at_user(model)), at_user(model));
    let slices = model.slices.iter().filter(|_| model.is_valid).map(|slice| {
        let marker = Ident::new(slice.marker, span);
        quote_spanned!(span=> .with::<#p::slice::#marker>())
    });
    // The user struct is not named here: a mistake in it is one error.
    let stores = model.slices.iter().filter(|slice| model.is_valid && slice.has_stores);
    let stores = stores.fold(quote_spanned!(span=> ()), |others, slice| {
        let marker = Ident::new(slice.marker, span);
        quote_spanned!(span=> (#p::slice::#marker, #others))
    });
    let words = SLICES.iter().map(|slice| slice.word);
    let transports = model.transports.iter().filter(|_| model.is_valid);
    let transports = transports.map(|transport| match transport {
        Transport::Slice(slice) => {
            let marker = Ident::new(slice.marker, span);
            quote_spanned!(span=> .with(#p::slice::#marker))
        }
        Transport::Own(_) => quote_spanned!(span=> .with_first_of(__own)),
    });
    quote_spanned! {span=>
        #[automatically_derived]
        impl #p::Mount for #ident {
            type User = #user;
            const WORDS: &'static [&'static ::core::primitive::str] = &[#(#words),*];
            fn new(__mounted: #mounted) -> Self {
                Self(__mounted)
            }
            fn mounted(&self) -> &#mounted {
                &self.0
            }
            fn slices() -> #p::Slices<#user> {
                #p::Slices::new().with::<#p::slice::Accounts>() #(#slices)*
            }
            type Stores = #stores;
            fn transports(__own: &mut #p::Transports<#user>) -> #p::Transports<#user> {
                #p::Transports::new() #(#transports)*
            }
        }
        #[automatically_derived]
        impl #p::HasMigrations for #ident {
            type User = <Self as #p::Mount>::User;
            fn migrations() -> #p::Migrations<Self::User> {
                <Self as #p::Mount>::tables()
            }
        }
    }
}

fn marks(model: &Model<'_>) -> TokenStream {
    let (p, ident) = (private(), model.ident);
    let markers = model.slices.iter().map(|slice| format_ident!("{}", slice.marker));
    let own = model.own();
    let scoped = model.is_scoped().then(|| {
        quote! {
            #[automatically_derived]
            impl #p::Scoped for #ident {}
        }
    });
    quote! {
        #(
            #[automatically_derived]
            impl #p::Mounts<#p::slice::#markers> for #ident {}
        )*
        #(
            #[automatically_derived]
            impl #p::Mounts<#own> for #ident {}
        )*
        #scoped
    }
}

fn builder(model: &Model<'_>) -> TokenStream {
    let Model { visibility, ident, user, .. } = model;
    let p = private_at(at_user(model));
    let (slots, own_bounds) = (slots(model), own_bounds(model));
    let about = format!("Returns the builder of [`{ident}`] over the app's own pool.");
    quote_spanned! {at_user(model)=>
        impl #ident {
            #[doc = #about]
            // An app may use its mount in tests only.
            #[allow(dead_code)]
            #visibility fn builder<__DB>(
                __pool: #p::sqlx::Pool<__DB>,
                __secret: impl ::core::convert::Into<#p::SecretKey>,
            ) -> #p::Builder<Self, __DB, #slots>
            where
                __DB: #p::Backend,
                #user: #p::AuthRow<__DB>,
                #own_bounds
            {
                #p::Builder::new(__pool, __secret)
            }
        }
    }
}

/// The slots of the builder, for slices with mandatory settings and the app's own transports, as
/// nested pairs.
fn slots(model: &Model<'_>) -> TokenStream {
    let p = private();
    if !model.is_valid {
        return quote!(#p::Anything);
    }
    let slices = model.slices.iter().filter(|slice| slice.has_slot).map(|slice| {
        let marker = format_ident!("{}", slice.marker);
        quote!(#p::slice::#marker)
    });
    let own = model.own().map(ToTokens::to_token_stream);
    let named: Vec<_> = slices.chain(own).collect();
    let slots = named.iter().rev();
    slots.fold(quote!(()), |rest, name| quote!((#p::Slot<#name, #p::Unset>, #rest)))
}

/// Requires each of the app's own transports to be one. rustc points at its name if it is not.
fn own_bounds(model: &Model<'_>) -> TokenStream {
    let user = &model.user;
    let bounds = model.own().filter(|_| model.is_valid).map(|ty| {
        let p = private_at(ty.span().resolved_at(Span::call_site()));
        quote_spanned!(ty.span()=> #ty: #p::Transport<#user>,)
    });
    bounds.collect()
}

fn middleware(model: &Model<'_>) -> TokenStream {
    let Model { visibility, ident, .. } = model;
    let p = private();
    quote! {
        impl #ident {
            /// Puts a gate in front of an endpoint and everything below it, static files too:
            /// `.nest("/admin", auth.guard::<Superuser>(routes))`. `()` requires a signed-in user.
            ///
            /// The user arguments of handlers inside cost no further look-up. Like them, it requires
            /// the CSRF token for unsafe methods by session.
            // An app may have no sub-tree.
            #[allow(dead_code)]
            #[must_use]
            #visibility fn guard<__G: #p::Gate<Self>>(
                &self,
                __endpoint: impl #p::poem::IntoEndpoint<Endpoint: 'static>,
            ) -> #p::poem::endpoint::BoxEndpoint<'static> {
                #p::guard::<Self, __G>(self, __endpoint)
            }
        }

        #[automatically_derived]
        impl<__E: #p::poem::Endpoint> #p::poem::Middleware<__E> for #ident {
            type Output = #p::Guarded<__E, Self>;
            fn transform(&self, __endpoint: __E) -> Self::Output {
                #p::Guarded::new(::core::clone::Clone::clone(self), __endpoint)
            }
        }
    }
}
