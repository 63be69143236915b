//! The events of accounts: for their owners, and for an application that verifies that no row was
//! changed or removed.
//!
//! The rows are written by all other flows; see [`event::trail`](crate::event::trail).

mod verify;

pub use crate::event::trail::{AuditConfig, AuditRecord, Seal, StoredAddress, TABLE, store};
pub use verify::{AuditFault, Fault, Verified};

use crate::event::trail::Trail;
use crate::kit::Kit;
use crate::model::{Account, AuthUser};
use crate::principal::{OwnerError, Principal};
use crate::store_error::StoreError;

/// Shows and verifies the events of accounts.
pub struct Audit<U: AuthUser> {
    kit: Kit<U>,
    trail: Trail<U>,
}

/// Records of an account, the newest first.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuditPage {
    /// The records.
    pub records: Vec<AuditRecord>,
    /// The cursor of the next page; `None` after the last one.
    pub next: Option<String>,
}

impl<U: AuthUser> Audit<U> {
    /// Creates the slice.
    #[doc(hidden)]
    #[must_use]
    pub fn new(kit: Kit<U>, trail: Trail<U>) -> Self {
        Self { kit, trail }
    }

    /// Returns a page of the events of the principal's account. A cursor that is none finds nothing.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn own(
        &self,
        principal: &Principal<U>,
        cursor: Option<&str>,
    ) -> Result<AuditPage, OwnerError> {
        let account: &Account<U> = principal.owned_account()?;
        let Some(before) = position(cursor) else { return Ok(AuditPage::empty()) };
        let records = self.trail.store().own(account.user.id(), before).await?;
        Ok(self.page(records))
    }

    /// Returns a page of all events that are kept under a key, also after the account was deleted. A
    /// cursor that is none finds nothing.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn of(&self, account: &U::Id, cursor: Option<&str>) -> Result<AuditPage, StoreError> {
        let Some(before) = position(cursor) else { return Ok(AuditPage::empty()) };
        Ok(self.page(self.trail.store().all(account, before).await?))
    }

    fn page(&self, mut records: Vec<AuditRecord>) -> AuditPage {
        let size = usize::try_from(self.trail.seal().config.page_size).unwrap_or(store::MOST);
        let size = size.clamp(1, store::MOST);
        let has_more = records.len() > size;
        records.truncate(size);
        let next = records.last().filter(|_| has_more).map(|last| last.seq.to_string());
        AuditPage { records, next }
    }
}

impl AuditPage {
    fn empty() -> Self {
        Self { records: Vec::new(), next: None }
    }
}

fn position(cursor: Option<&str>) -> Option<i64> {
    cursor.map_or(Some(i64::MAX), |text| text.parse().ok())
}

impl<U: AuthUser> std::fmt::Debug for Audit<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Audit(..)")
    }
}
