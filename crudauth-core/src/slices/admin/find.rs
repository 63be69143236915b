//! Finds accounts, page by page.

use super::store::MOST;
use super::{AdminError, Administrators, Suspension};
use crate::model::{Account, AuthUser, IdentifierColumn, IdentifierKind, Username, parse_id};

/// Which accounts a page shows. By default all, in the order of their keys.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AccountQuery {
    /// How many, at most 100; `None` for the configured number.
    pub size: Option<u32>,
    /// The end of the page before: [`AccountPage::next`].
    pub cursor: Option<String>,
    /// The beginning of an identifier.
    pub search: Option<Search>,
}

/// The beginning of an identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Name of the identifier, such as `email`.
    pub by: String,
    /// How it begins, in any case.
    pub prefix: String,
}

/// Accounts, and where the next page begins.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccountPage<U: AuthUser> {
    /// The accounts.
    pub accounts: Vec<Account<U>>,
    /// The cursor of the next page; `None` after the last one. Accounts that are added or deleted
    /// meanwhile neither repeat nor skip another one.
    pub next: Option<String>,
}

impl<U: AuthUser> Administrators<U> {
    /// Returns a page of accounts. A cursor or a name that is none finds nothing.
    ///
    /// # Errors
    /// [`AdminError::Store`].
    pub async fn find(&self, query: &AccountQuery) -> Result<AccountPage<U>, AdminError> {
        let size = query.size.unwrap_or(self.config.page_size).max(1);
        let size = usize::try_from(size).unwrap_or(MOST).min(MOST);
        match &query.search {
            Some(search) => self.search(search, query.cursor.as_deref(), size).await,
            None => self.list(query.cursor.as_deref(), size).await,
        }
    }

    /// Returns an account, and why it is disabled.
    ///
    /// # Errors
    /// [`AdminError::NotFound`], [`AdminError::Store`].
    pub async fn account(
        &self,
        id: &U::Id,
    ) -> Result<(Account<U>, Option<Suspension>), AdminError> {
        let account = self.kit.accounts.by_id(id).await?.ok_or(AdminError::NotFound)?;
        let suspension = self.store.suspension(&account).await?;
        Ok((account, suspension))
    }

    /// Reads a key from text, such as a part of a path.
    #[must_use]
    pub fn parse_id(text: &str) -> Option<U::Id> {
        parse_id(text)
    }

    async fn list(&self, cursor: Option<&str>, size: usize) -> Result<AccountPage<U>, AdminError> {
        let after = match cursor.map(Self::parse_id) {
            Some(None) => return Ok(AccountPage { accounts: Vec::new(), next: None }),
            Some(Some(id)) => Some(id),
            None => None,
        };
        let mut accounts = self.store.page(after.as_ref()).await?;
        let has_more = accounts.len() > size;
        accounts.truncate(size);
        let next = accounts.last().filter(|_| has_more).map(|last| last.user.id().to_string());
        Ok(AccountPage { accounts, next })
    }

    /// Reads the index from the first account that may begin so, as far as they do.
    async fn search(
        &self,
        search: &Search,
        cursor: Option<&str>,
        size: usize,
    ) -> Result<AccountPage<U>, AdminError> {
        let identifiers = U::SHAPE.identifiers;
        let Some(at) = identifiers.iter().position(|column| column.name == search.by) else {
            return Ok(AccountPage { accounts: Vec::new(), next: None });
        };
        let prefix = folded(&identifiers[at], &search.prefix);
        let (from, after) = match cursor.map(end::<U>) {
            Some(None) => return Ok(AccountPage { accounts: Vec::new(), next: None }),
            Some(Some((key, id))) => (key, Some(id)),
            None => (&*prefix, None),
        };
        let mut found = self.store.page_by(at, from, after.as_ref()).await?;
        let has_more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|(_, key)| has_more && key.starts_with(&prefix));
        let next = last.map(|(account, key)| {
            let id = account.user.id().to_string();
            format!("{}:{id}{key}", id.len())
        });
        found.retain(|(_, key)| key.starts_with(&prefix));
        let accounts = found.into_iter().map(|(account, _)| account).collect();
        Ok(AccountPage { accounts, next })
    }
}

/// The last account of a page of a search: its compared form and its key, which a cursor begins with.
fn end<U: AuthUser>(cursor: &str) -> Option<(&str, U::Id)> {
    let (length, rest) = cursor.split_once(':')?;
    let (id, key) = rest.split_at_checked(length.parse().ok()?)?;
    Some((key, parse_id(id)?))
}

/// The beginning of a compared form.
fn folded(column: &IdentifierColumn, typed: &str) -> String {
    match column.kind {
        IdentifierKind::Email => typed.to_lowercase(),
        IdentifierKind::Username if column.has_own_key() => Username::fold(typed),
        IdentifierKind::Username | IdentifierKind::Phone | IdentifierKind::Code => typed.to_owned(),
    }
}
