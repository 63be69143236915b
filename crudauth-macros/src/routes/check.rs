//! The rules for a mount. Every mistake is reported, at the token that makes it.

use darling::error::Accumulator;
use proc_macro2::Span;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Attribute, Fields, Path, Token};

use super::parse::{Arguments, Declared, UNIT};
use super::slices::{Proves, SLICES};
use crate::support::mistake;

pub(super) fn check(declared: &Declared, errors: &mut Accumulator) {
    let item = &declared.item;
    let is_unit = matches!(&item.data, syn::Data::Struct(data) if data.fields == Fields::Unit);
    if !is_unit {
        errors.push(mistake(&item.ident, UNIT));
    } else if !item.generics.params.is_empty() {
        errors.push(mistake(&item.generics, UNIT));
    }
    for attribute in &item.attrs {
        derives(attribute, errors);
    }
    if declared.is_understood {
        missing(&declared.arguments, errors);
    }
    let arguments = &declared.arguments;
    if let (Some(_), Some(recovery)) = (arguments.named("email"), arguments.named("recovery")) {
        let message = "`email` already recovers accounts: remove `recovery`, or remove `email` and \
                       give the builder a channel";
        errors.push(mistake(recovery, message));
    }
}

/// Reports missing arguments. They have no token, so the errors point at the whole attribute if no
/// other argument needs them.
fn missing(arguments: &Arguments, errors: &mut Accumulator) {
    if arguments.user.is_none() {
        let message = "the mount has no user struct: add `user = User`";
        errors.push(mistake(&Span::call_site(), message));
    }
    for (slice, name) in &arguments.slices {
        for needed in slice.needs.iter().filter(|needed| arguments.named(needed).is_none()) {
            errors.push(mistake(name, format!("`{name}` needs `{needed}`: add `{needed}`")));
        }
    }
    // A slice that needs a transport has its own error.
    let proves =
        |word: &&str| SLICES.iter().any(|one| one.word == *word && one.proves != Proves::Nothing);
    let needs_transport = arguments.slices.iter().any(|(slice, _)| slice.needs.iter().any(proves));
    if arguments.transports.is_empty() && !needs_transport {
        let message = "the mount has no transport: add `session`, `bearer` or `api_keys`";
        errors.push(mistake(&Span::call_site(), message));
    }
}

/// Rejects derives of traits that a mount implements anyway.
fn derives(attribute: &Attribute, errors: &mut Accumulator) {
    if !attribute.path().is_ident("derive") {
        return;
    }
    let paths = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated);
    for path in paths.into_iter().flatten() {
        if path.is_ident("Clone") || path.is_ident("Debug") {
            let name = path.to_token_stream();
            let message = format!("`routes` already implements `{name}`: remove it here");
            errors.push(mistake(&path, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use darling::Error;
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::*;
    use crate::routes::parse;
    use crate::support::messages;

    fn errors_of(arguments: TokenStream) -> Vec<String> {
        let mut errors = Error::accumulator();
        let item = quote!(
            struct Auth;
        );
        let declared = parse::declared(arguments, item, &mut errors).unwrap();
        check(&declared, &mut errors);
        messages(errors)
    }

    #[test]
    fn a_valid_mount_has_no_errors_in_any_order() {
        for arguments in [
            quote!(user = User, session),
            quote!(email, sessions, session, user = crate::accounts::User<i64>),
            quote!(bearer, user = User),
            quote!(user = User, api_keys),
            quote!(transport = Badge, user = User, transport = Card<u8, [u8; 2]>,),
        ] {
            assert_eq!(errors_of(arguments), [""; 0]);
        }
    }

    #[test]
    fn everything_missing_is_reported_at_once() {
        assert_eq!(errors_of(quote!()).len(), 2);
        assert_eq!(errors_of(quote!(sessions, tokens)).len(), 3);
        assert_eq!(errors_of(quote!(user = User, email, invitations)).len(), 1);
    }

    #[test]
    fn a_misspelt_argument_causes_no_further_errors() {
        let errors = errors_of(quote!(usr = User, sessions));
        assert_eq!(errors, ["unknown argument `usr`: did you mean `user`?"]);
        assert_eq!(errors_of(quote!(user = "User", sesions)).len(), 2);
        assert_eq!(errors_of(quote!(user = User session)), ["expected `,`"]);
    }
}
