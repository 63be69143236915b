//! Every rule that a mount can break; each mistake stands at the token that makes it.

use proc_macro2::Span;
use syn::{Attribute, Path, Token, punctuated::Punctuated};

use super::model::Model;
use super::parse::{Declared, UNIT};
use super::slices::{Proves, SLICES, Slice};
use crate::support::Errors;

pub(super) fn check(declared: &Declared, model: &Model<'_>, errors: &mut Errors) {
    if let Some(surplus) = &declared.surplus {
        errors.at(surplus, UNIT);
    } else if !declared.generics.params.is_empty() {
        errors.at(&declared.generics, UNIT);
    }
    derives(&declared.attributes, errors);
    if declared.is_understood {
        absences(declared, errors);
    }
    let named = |word| declared.slices.iter().find(|slice| *slice == word);
    if let (Some(_), Some(recovery)) = (named("email"), named("recovery")) {
        let told = "`email` is recovery by mail: drop `recovery`, or drop `email` and give the builder \
                    a channel";
        errors.at(recovery, told);
    }
    for slice in &model.slices {
        let is_there = |needed| model.slices.iter().any(|other| other.word == needed);
        let word = declared.slices.iter().find(|word| *word == slice.word);
        if let (Some(needed), Some(word)) = (slice.needs.filter(|&needed| !is_there(needed)), word)
        {
            errors.at(word, format!("`{word}` needs `{needed}`: add `{needed}`"));
        }
    }
}

/// What a mount cannot do without. There is no token for what is absent, so the whole attribute is
/// pointed at.
fn absences(declared: &Declared, errors: &mut Errors) {
    let mut absent = |told| errors.push(syn::Error::new(Span::call_site(), told));
    if declared.user.is_none() {
        absent("no user struct is named: add `user = User`");
    }
    // Whoever needs a transport is told so by itself.
    let is_named = |slice: &&Slice| declared.slices.iter().any(|word| word == slice.word);
    let mut named = SLICES.iter().filter(is_named);
    let proves = |slice: &Slice| slice.proves != Proves::Nothing || slice.needs.is_some();
    if declared.own.is_empty() && !named.any(proves) {
        absent("no transport is named: add `session`, `bearer` or `api_keys`");
    }
}

/// Traits that a mount has anyway.
fn derives(attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        let paths = attribute.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated);
        for path in paths.into_iter().flatten() {
            if path.is_ident("Clone") || path.is_ident("Debug") {
                let told = "a mount is `Clone` and `Debug` by itself: drop it here";
                errors.at(path, told);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::*;
    use crate::routes::parse;

    fn told(arguments: TokenStream) -> Vec<String> {
        let mut errors = Errors::default();
        let item = quote!(
            struct Auth;
        );
        let declared = parse::declared(arguments, item, &mut errors).unwrap();
        check(&declared, &Model::of(&declared), &mut errors);
        errors.messages()
    }

    #[test]
    fn a_right_mount_is_told_nothing_in_any_order() {
        assert_eq!(told(quote!(user = User, session)), [""; 0]);
        assert_eq!(
            told(quote!(email, sessions, session, user = crate::accounts::User<i64>)),
            [""; 0]
        );
        assert_eq!(told(quote!(bearer, user = User)), [""; 0]);
        assert_eq!(told(quote!(user = User, api_keys)), [""; 0]);
        assert_eq!(told(quote!(transport = Badge, user = User, transport = Card<u8>)), [""; 0]);
    }

    #[test]
    fn what_is_absent_is_told_at_once() {
        assert_eq!(told(quote!()).len(), 2);
        assert_eq!(told(quote!(sessions)).len(), 2);
    }

    #[test]
    fn a_misspelt_word_is_told_without_what_follows_from_it() {
        assert_eq!(told(quote!(usr = User, session)), ["unknown word `usr`: did you mean `user`?"]);
        assert_eq!(told(quote!(user = "User", sesions)).len(), 2);
    }
}
