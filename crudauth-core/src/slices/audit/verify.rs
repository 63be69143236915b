//! Verifies the chains of events.

use chrono::{DateTime, Utc};

use super::Audit;
use crate::event::trail::{Link, Record, Seal};
use crate::model::AuthUser;
use crate::store_error::StoreError;

/// Rows that were verified, and what is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified<Id> {
    /// How many rows there are.
    pub rows: u64,
    /// Empty if no row was changed, moved or removed.
    pub faults: Vec<AuditFault<Id>>,
}

/// A row that was changed, or rows that are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditFault<Id> {
    /// The account.
    pub account: Id,
    /// The number of the row.
    pub seq: i64,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It is not as the library wrote it, the table of users was renamed, or a secret of that time is
    /// missing in `Builder::previous_secrets`.
    Changed,
    /// It does not follow the row that is before it.
    Moved,
    /// Rows before it are missing that had not expired.
    Missing,
}

impl<U: AuthUser> Audit<U> {
    /// Verifies all rows of all accounts, also of deleted ones.
    ///
    /// The newest rows of an account can be removed unseen, with all that follow: nothing refers to
    /// them. A [subscriber](crate::event::EventSubscriber) that keeps events elsewhere covers that.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn verify(&self) -> Result<Verified<U::Id>, StoreError> {
        let mut all = Verified { rows: 0, faults: Vec::new() };
        let mut after = None;
        loop {
            let accounts = self.trail.store().accounts(after.as_ref()).await?;
            let Some(last) = accounts.last().cloned() else { return Ok(all) };
            for account in accounts {
                let one = self.verify_account(&account).await?;
                all.rows += one.rows;
                all.faults.extend(one.faults);
            }
            after = Some(last);
        }
    }

    /// Verifies the rows of one account.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn verify_account(&self, account: &U::Id) -> Result<Verified<U::Id>, StoreError> {
        let now = self.kit.now();
        let key = account.to_string();
        let mut verified = Verified { rows: 0, faults: Vec::new() };
        let mut before: Option<Link> = None;
        loop {
            let after = before.map_or(i64::MIN, |link| link.seq);
            let rows = self.trail.store().chain(account, after).await?;
            if rows.is_empty() {
                return Ok(verified);
            }
            for row in &rows {
                let record = &row.0;
                verified.rows += 1;
                if let Some(fault) = fault(self.trail.seal(), &key, before, record, now) {
                    let (account, seq) = (account.clone(), record.shown.seq);
                    verified.faults.push(AuditFault { account, seq, fault });
                }
                before = Some(record.link());
            }
        }
    }
}

/// Judges a row by the one before it.
fn fault(
    seal: &Seal,
    account: &str,
    before: Option<Link>,
    record: &Record,
    now: DateTime<Utc>,
) -> Option<Fault> {
    if !seal.is_intact(account, record) {
        return Some(Fault::Changed);
    }
    let follows = before.is_some_and(|link| link.seq + 1 == record.shown.seq);
    match (record.prior, before) {
        (Some((mac, _)), Some(link)) if follows => (mac != link.mac).then_some(Fault::Moved),
        // A purge has deleted what is missing. Rows expire in their order.
        (Some((_, expires_at)), _) => (expires_at > now).then_some(Fault::Missing),
        (None, None) => None,
        (None, Some(_)) => Some(Fault::Moved),
    }
}
