//! The directories of Microsoft. Each has an issuer of its own, and one document stands for all.

use uuid::Uuid;

use crate::config_error::ConfigError;

const BEFORE: &str = "https://login.microsoftonline.com/";

const AFTER: &str = "/v2.0";

/// The issuer in the document for every directory.
pub(super) const TEMPLATE: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";

/// The directory of personal accounts.
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// The admitted directories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Directories {
    /// The one in the issuer.
    One,
    /// All.
    Every,
    /// All but the one of personal accounts.
    Organizations,
    /// Those with these ids.
    Listed(Vec<String>),
}

/// The issuer of a tenant, and its directories.
pub(super) fn issuer(tenant: &str) -> (String, Directories) {
    let tenant = tenant.to_ascii_lowercase();
    let (name, directories) = match &*tenant {
        "common" => ("common", Directories::Every),
        "organizations" => ("organizations", Directories::Organizations),
        // Its document names this id.
        "consumers" => (PERSONAL, Directories::One),
        id => (id, Directories::One),
    };
    (format!("{BEFORE}{name}{AFTER}"), directories)
}

impl Directories {
    /// Whether the document names a template of issuers.
    pub(super) fn are_several(&self) -> bool {
        *self != Self::One
    }

    /// Admits these only. A single directory stays as it is.
    pub(super) fn limit(&mut self, ids: Vec<String>) {
        if self.are_several() {
            *self = Self::Listed(ids);
        }
    }

    /// Whether a stranger can have an account in one of them.
    pub(super) fn are_open(&self, issuer: &str) -> bool {
        match self {
            Self::One => directory_of(issuer) == Some(PERSONAL),
            Self::Every | Self::Organizations => true,
            Self::Listed(ids) => ids.iter().any(|id| id == PERSONAL),
        }
    }

    /// Returns `true` if this is the issuer of an admitted directory.
    pub(super) fn admit(&self, issuer: &str) -> bool {
        match (self, directory_of(issuer)) {
            (_, None) => false,
            (Self::One | Self::Every, Some(_)) => true,
            (Self::Organizations, Some(id)) => id != PERSONAL,
            (Self::Listed(ids), Some(id)) => ids.iter().any(|listed| listed == id),
        }
    }

    /// Returns an error if an id is none. The document of a domain names the id: use that.
    pub(super) fn validate(&self, issuer: &str) -> Option<ConfigError> {
        let (setting, is_valid) = match self {
            Self::One => ("oauth.microsoft.tenant", directory_of(issuer).is_some()),
            Self::Listed(ids) => {
                ("oauth.microsoft.tenants", !ids.is_empty() && ids.iter().all(|id| is_id(id)))
            }
            Self::Every | Self::Organizations => return None,
        };
        let reason = "the id of a directory is a UUID".to_owned();
        (!is_valid).then_some(ConfigError::Malformed { setting, reason })
    }
}

/// The directory that an issuer names.
pub(super) fn directory_of(issuer: &str) -> Option<&str> {
    issuer.strip_prefix(BEFORE)?.strip_suffix(AFTER).filter(|id| is_id(id))
}

/// Whether a text is an id in its one spelling.
fn is_id(text: &str) -> bool {
    Uuid::parse_str(text).is_ok_and(|id| id.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::super::{AddressTrust, Provider};
    use super::*;

    #[test]
    fn addresses_are_trusted_in_directories_of_the_app_only() {
        let own = "72f988bf-86f1-41af-91ab-2d7cd011db47";
        for (tenant, listed, is_valid) in [
            (own, None, true),
            ("common", None, false),
            ("organizations", None, false),
            ("Consumers", None, false),
            (PERSONAL, None, false),
            ("common", Some(own), true),
            ("organizations", Some(own), true),
            ("common", Some(PERSONAL), false),
        ] {
            let provider = Provider::microsoft(tenant, "id", "s");
            let provider = match listed {
                Some(id) => provider.tenants([id]),
                None => provider,
            };
            assert!(provider.validate().is_empty(), "{tenant} {listed:?}");
            let errors = provider.trust(AddressTrust::Every).validate();
            assert_eq!(errors.is_empty(), is_valid, "{tenant} {listed:?}: {errors:?}");
            let is_trust = |error: &ConfigError| {
                matches!(error, ConfigError::Requires { setting: "oauth.trust", .. })
            };
            assert!(errors.iter().all(is_trust), "{errors:?}");
        }
    }
}
