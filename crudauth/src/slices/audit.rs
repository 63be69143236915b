//! `GET /account/events`: the events of the owner's account.

use std::sync::Arc;

use crudauth_core::Kit;
use crudauth_core::event::trail::Trail;
use crudauth_core::event::trail::store::AuditStore;
use crudauth_core::model::{AuthUser, Device};
use crudauth_core::slices::audit::{self as flows, AuditConfig, AuditRecord, Seal, TABLE};
use crudauth_core::sql::{Backend, TableSpec};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde_json::{Value, json};

use super::{Service, Wiring};
use crate::accounts::Accounts;
use crate::builder::Builder;
use crate::extract::owner_of;
use crate::http::Refusal;
use crate::http::headers::json as answer;
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};

/// `audit`: events are kept with their effects, in chains that show changes and gaps.
///
#[doc = include_str!("../../docs/audit.md")]
#[derive(Clone, Copy, Debug)]
pub struct Audit;

impl<U: AuthUser> Slice<U> for Audit {
    fn paths() -> Vec<Path<U>> {
        vec![Path::new(Method::GET, "/account/events", list)]
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&TABLE]
    }
}

impl Service for Audit {
    type Config = AuditConfig;
    type Flows<U: AuthUser> = flows::Audit<U>;

    fn wire<U: AuthUser>(wiring: &Wiring<U>, config: AuditConfig) -> flows::Audit<U> {
        let Wiring { kit, database, .. } = wiring;
        let trail = kit.trail.clone();
        let trail = trail.unwrap_or_else(|| trail_of(kit, Arc::clone(&database.audit), config));
        flows::Audit::new(kit.clone(), trail)
    }
}

/// The trail of a mount.
pub(crate) fn trail_of<U: AuthUser>(
    kit: &Kit<U>,
    store: Arc<dyn AuditStore<U>>,
    config: AuditConfig,
) -> Trail<U> {
    let seal = Seal::new(kit.keys.clone(), U::SHAPE.table, config);
    Trail::new(seal, kit.limits.clone(), store)
}

impl<U: AuthUser> Accounts<U> {
    /// Shows and verifies the events of accounts.
    #[must_use]
    pub fn audit(&self) -> &flows::Audit<U> {
        &self.services.audit
    }
}

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Configures how long events are kept, and how much of addresses.
    pub fn audit(mut self, config: AuditConfig) -> Self
    where
        A: Mounts<Audit>,
    {
        self.settings.slices.audit = config;
        self
    }
}

async fn list<U: AuthUser>(mounted: Mounted<U>, request: Request) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let query = request.uri().query().unwrap_or_default();
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let cursor = fields.iter().find(|(name, _)| name == "cursor").map(|(_, value)| &**value);
    let page = mounted.accounts().audit().own(&principal, cursor).await?;
    let events: Vec<_> = page.records.iter().map(entry).collect();
    answer(StatusCode::OK, &json!({ "events": events, "next": page.next }))
}

/// The owner does not learn which administrator acted.
fn entry(record: &AuditRecord) -> Value {
    let mut entry = json!({
        "event": record.kind,
        "created_at": record.at,
        "device": Device::from_user_agent(record.user_agent.as_deref()),
        "ip": record.client,
        "credential": record.credential,
        "by_administrator": record.actor.is_some(),
    });
    if let Some(ends_at) = record.ends_at {
        entry["until"] = json!(ends_at);
    }
    entry
}
