//! What a right password opens: a session, or a grant of bearer tokens. Whatever it is, the store
//! refuses it where the account has changed or a counter was locked meanwhile.

use std::sync::Arc;

use tracing::info;

use crate::model::Scopes;
use crate::model::{Account, AuthUser, ClientAddress, Digest};
use crate::ports::{LockRule, StoreError};
use crate::slices::bearer::{Issued, Tokens};
use crate::slices::sessions::{OpenedSession, Opening, Sessions};

/// How a sign-in ends.
pub(super) trait Ending<U: AuthUser>: Send + Sync + 'static {
    type Opened: Send;

    /// Opens it; `None` if the account has changed or one of the counters `unless` was locked.
    fn open(
        &self,
        account: &Account<U>,
        opening: Opening,
        unless: &[Digest],
        rule: &LockRule,
    ) -> impl Future<Output = Result<Option<Self::Opened>, StoreError>> + Send;

    fn log(account: &Account<U>, client: Option<ClientAddress>, opened: &Self::Opened);
}

pub(super) struct IntoSession<U: AuthUser>(pub(super) Arc<Sessions<U>>);

impl<U: AuthUser> Ending<U> for IntoSession<U> {
    type Opened = OpenedSession;

    async fn open(
        &self,
        account: &Account<U>,
        opening: Opening,
        unless: &[Digest],
        rule: &LockRule,
    ) -> Result<Option<OpenedSession>, StoreError> {
        self.0.open(account, opening, unless, rule).await
    }

    fn log(account: &Account<U>, client: Option<ClientAddress>, session: &OpenedSession) {
        let (account, session) = (account.user.id(), &session.handle);
        info!(%account, client = ?client, session, "signed in");
    }
}

pub(super) struct IntoGrant<U: AuthUser> {
    pub(super) tokens: Arc<Tokens<U>>,
    pub(super) asked: Option<Scopes>,
}

impl<U: AuthUser> Ending<U> for IntoGrant<U> {
    type Opened = Issued;

    async fn open(
        &self,
        account: &Account<U>,
        opening: Opening,
        unless: &[Digest],
        rule: &LockRule,
    ) -> Result<Option<Issued>, StoreError> {
        self.tokens.open(account, self.asked.as_ref(), opening, unless, rule).await
    }

    fn log(account: &Account<U>, client: Option<ClientAddress>, issued: &Issued) {
        let (account, grant) = (account.user.id(), issued.grant);
        info!(%account, client = ?client, %grant, "signed in");
    }
}
