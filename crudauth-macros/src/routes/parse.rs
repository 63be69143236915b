//! Reads the arguments of `routes(..)` and the struct below it. Tokens are kept where an error may
//! point at them.

use darling::error::Accumulator;
use darling::{Error, FromMeta};
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{DeriveInput, Expr, Meta, MetaNameValue, Path, Token, Type};

use super::slices::{Proves, SLICES, Slice};
use crate::support::{Argument, Flag, mistake, take};

/// A mount as it was written.
pub(super) struct Declared {
    pub(super) item: DeriveInput,
    pub(super) arguments: Arguments,
    /// Whether all arguments could be read. If not, a missing one may only be misspelt.
    pub(super) is_understood: bool,
}

/// The arguments of `routes(..)`.
#[derive(Default)]
pub(super) struct Arguments {
    pub(super) user: Option<Type>,
    /// The slices, each with the argument that names it.
    pub(super) slices: Vec<(&'static Slice, Ident)>,
    /// The transports, in the order in which they were named.
    pub(super) transports: Vec<Transport>,
}

/// A transport of a mount.
#[derive(PartialEq)]
pub(super) enum Transport {
    /// One of the library's.
    Slice(&'static Slice),
    /// One of the app's, which the builder is given.
    Own(Box<Type>),
}

pub(super) const UNIT: &str = "a mount is a unit struct: write `struct Auth;`";

/// Returns `None` if the item is not a struct, an enum or a union.
pub(super) fn declared(
    tokens: TokenStream,
    item: TokenStream,
    errors: &mut Accumulator,
) -> Option<Declared> {
    let mut arguments = Arguments::default();
    let is_understood = take(arguments.read(tokens), errors).is_some();
    if let Ok(item) = syn::parse2(item.clone()) {
        Some(Declared { item, arguments, is_understood })
    } else {
        errors.push(mistake(&item, UNIT));
        None
    }
}

impl Arguments {
    /// Reads all arguments that can be read, also after an error.
    fn read(&mut self, tokens: TokenStream) -> darling::Result<()> {
        let items = Punctuated::<Item, Token![,]>::parse_terminated.parse2(tokens)?;
        let mut errors = Error::accumulator();
        for Item(meta) in items {
            errors.handle(self.add(&meta));
        }
        errors.finish()
    }

    fn add(&mut self, meta: &Meta) -> darling::Result<()> {
        let path = meta.path();
        if path.is_ident("user") {
            let Argument { name, value } = Argument::from_meta(meta)?;
            unique(self.user.is_none(), name)?;
            self.user = Some(value);
        } else if path.is_ident("transport") {
            let own: Type = Argument::from_meta(meta)?.value;
            let transport = Transport::Own(Box::new(own.clone()));
            unique(!self.transports.contains(&transport), own)?;
            self.transports.push(transport);
        } else {
            let slice = SLICES.iter().find(|slice| path.is_ident(slice.word));
            let slice = slice.ok_or_else(|| unknown(path))?;
            let name = Flag::from_meta(meta)?.name;
            unique(self.named(slice.word).is_none(), &name)?;
            self.slices.push((slice, name));
            if slice.proves != Proves::Nothing {
                self.transports.push(Transport::Slice(slice));
            }
        }
        Ok(())
    }

    /// The argument that names this slice.
    pub(super) fn named(&self, word: &str) -> Option<&Ident> {
        self.slices.iter().find(|(slice, _)| slice.word == word).map(|(_, name)| name)
    }
}

fn unique(is_unique: bool, argument: impl ToTokens) -> darling::Result<()> {
    if is_unique {
        return Ok(());
    }
    let argument = argument.into_token_stream();
    Err(mistake(&argument, format!("duplicate `{argument}`: remove one")))
}

fn unknown(path: &Path) -> Error {
    let known = ["user", "transport"].into_iter().chain(SLICES.iter().map(|slice| slice.word));
    let known: Vec<_> = known.collect();
    Error::unknown_field_path_with_alts(path, &known).with_span(path)
}

/// An item of the list. A value is read as a type first: unlike in an expression, there may be a
/// comma in it, as in `transport = Jwt<Claims, Key>`.
struct Item(Meta);

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if typed(&input.fork()).is_ok() {
            typed(input).map(Meta::NameValue).map(Self)
        } else {
            input.parse().map(Self)
        }
    }
}

fn typed(input: ParseStream<'_>) -> syn::Result<MetaNameValue> {
    Ok(MetaNameValue {
        path: input.call(Path::parse_mod_style)?,
        eq_token: input.parse()?,
        value: Expr::Verbatim(input.parse::<Type>()?.into_token_stream()),
    })
}
