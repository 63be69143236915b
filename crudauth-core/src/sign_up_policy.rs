//! Policy of sign-ups. Every way that adds an account asks here, before any look-up.

use crate::config_error::ConfigError;
use crate::hooks::HookError;
use crate::model::{AuthUser, Contact, EmailAddress, Identifier, IdentifierKind};

/// The people that may sign up: with a password, with a provider, or by mail.
///
/// The policy depends on the sign-up alone, so a refusal reveals no account. It concerns neither
/// existing accounts nor those that the app adds itself ([`SignUp::by_the_app`]).
///
/// [`SignUp::by_the_app`]: crate::slices::accounts::SignUp::by_the_app
#[derive(Clone, Debug, Default)]
pub struct SignUpPolicy(Rule);

#[derive(Clone, Debug, Default)]
enum Rule {
    #[default]
    Open,
    Closed,
    Domains(Vec<String>),
}

/// The domain in the form that addresses have; `None` if no address has it.
fn normal_domain(domain: &str) -> Option<String> {
    let address = EmailAddress::parse(&format!("a@{domain}")).ok()?;
    Some(domain_of(&address).to_owned())
}

fn domain_of(address: &EmailAddress) -> &str {
    address.as_str().rsplit('@').next().unwrap_or_default()
}

impl SignUpPolicy {
    /// Every sign-up is accepted. This is the default.
    #[must_use]
    pub const fn open() -> Self {
        Self(Rule::Open)
    }

    /// Every sign-up is refused.
    #[must_use]
    pub const fn closed() -> Self {
        Self(Rule::Closed)
    }

    /// Only email addresses in one of these domains may sign up. A domain does not stand for its
    /// subdomains.
    ///
    /// Case, and the Unicode or ASCII form of a domain, make no difference. Until its owner verifies
    /// it, an address proves nothing: protect the pages of these people with the gate `Verified`.
    #[must_use]
    pub fn domains<T: Into<String>>(domains: impl IntoIterator<Item = T>) -> Self {
        let domains = domains.into_iter().map(Into::into);
        Self(Rule::Domains(
            domains.map(|domain| normal_domain(&domain).unwrap_or(domain)).collect(),
        ))
    }

    /// Returns an error for a policy that cannot work with `U`, and for each invalid domain.
    #[must_use]
    pub fn validate<U: AuthUser>(&self) -> Vec<ConfigError> {
        let setting = "sign_up";
        let Rule::Domains(domains) = &self.0 else { return Vec::new() };
        let is_domain = |name: &&String| normal_domain(name).as_ref() == Some(*name);
        let invalid = domains.iter().filter(|name| !is_domain(name)).map(|name| {
            let rule = "a domain name, such as `example.com`";
            ConfigError::InvalidName { setting, name: name.clone(), rule }
        });
        let lacks_email = U::SHAPE.position(IdentifierKind::Email).is_none();
        let requires = lacks_email.then(|| ConfigError::Requires {
            setting,
            value: "domains".to_owned(),
            requirement: "a user struct with an email address",
        });
        let none = ConfigError::length(setting, "domains", domains.len(), 1..=1000);
        invalid.chain(requires).chain(none).collect()
    }

    /// Whether an account with these identifiers may sign up.
    pub(crate) fn admits(&self, identifiers: &[Option<Identifier>]) -> bool {
        let addresses = identifiers.iter().flatten().filter_map(|identifier| match identifier {
            Identifier::Email(address) => Some(address),
            Identifier::Username(_) | Identifier::Phone(_) | Identifier::Code(_) => None,
        });
        self.admits_all(addresses)
    }

    /// Whether an account that has proved no address may move to this one. Otherwise it would be
    /// proved, and in no listed domain.
    pub(crate) fn admits_move(&self, address: &EmailAddress) -> bool {
        matches!(self.0, Rule::Closed) || self.admits_all([address].into_iter())
    }

    /// Whether an account with this contact and no other may sign up.
    pub(crate) fn admits_contact(&self, contact: &Contact) -> bool {
        match contact {
            Contact::Email(address) => self.admits_all([address].into_iter()),
            Contact::Phone(_) => self.admits_all(std::iter::empty()),
        }
    }

    fn admits_all<'a>(&self, addresses: impl Iterator<Item = &'a EmailAddress>) -> bool {
        match &self.0 {
            Rule::Open => true,
            Rule::Closed => false,
            Rule::Domains(domains) => {
                let mut addresses = addresses.peekable();
                let is_listed = |address| domains.iter().any(|one| one == domain_of(address));
                addresses.peek().is_some() && addresses.all(is_listed)
            }
        }
    }
}

/// Why a sign-up may not go on.
#[derive(Debug)]
pub(crate) enum NotAdmitted {
    /// The policy refuses.
    Closed,
    /// A hook refuses, or failed.
    ByHook(HookError),
}

impl From<HookError> for NotAdmitted {
    fn from(error: HookError) -> Self {
        Self::ByHook(error)
    }
}

/// Converts into an error that has a variant for the policy, and one from [`HookError`].
macro_rules! from_not_admitted {
    ($($error:ty),+) => {$(
        impl From<$crate::sign_up_policy::NotAdmitted> for $error {
            fn from(error: $crate::sign_up_policy::NotAdmitted) -> Self {
                match error {
                    $crate::sign_up_policy::NotAdmitted::Closed => Self::SignUpClosed,
                    $crate::sign_up_policy::NotAdmitted::ByHook(error) => error.into(),
                }
            }
        }
    )+};
}
pub(crate) use from_not_admitted;

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(policy: &SignUpPolicy, addresses: &[&str]) -> bool {
        let parsed = addresses.iter().map(|one| Identifier::parse(IdentifierKind::Email, one).ok());
        policy.admits(&parsed.collect::<Vec<_>>())
    }

    #[test]
    fn a_domain_is_compared_in_its_normal_form_and_does_not_stand_for_others() {
        let policy = SignUpPolicy::domains(["Example.COM", "bücher.example"]);
        for address in
            ["a@example.com", "A@EXAMPLE.com", "a@bücher.example", "a@xn--bcher-kva.example"]
        {
            assert!(admits(&policy, &[address]), "{address}");
        }
        for address in [
            "a@sub.example.com",
            "a@notexample.com",
            "a@example.com.evil.example",
            "a@example.co",
            "example.com@evil.example",
            "a@xn--bcher-kva.com",
        ] {
            assert!(!admits(&policy, &[address]), "{address}");
        }
    }

    #[test]
    fn every_address_of_a_sign_up_is_in_a_domain_and_there_is_one() {
        let policy = SignUpPolicy::domains(["example.com"]);
        assert!(admits(&policy, &["a@example.com", "b@example.com"]));
        assert!(!admits(&policy, &["a@example.com", "b@evil.example"]));
        assert!(!policy.admits(&[None]));
        assert!(SignUpPolicy::open().admits(&[None]));
        assert!(!admits(&SignUpPolicy::closed(), &["a@example.com"]));
    }
}
