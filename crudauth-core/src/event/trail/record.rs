//! A row of the trail, and the keyed hash that chains it to the row before.

use chrono::{DateTime, Utc};

use super::AuditConfig;
use crate::event::Event;
use crate::model::digest::sha256;
use crate::model::{KeyRing, Mac};

/// An event as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditRecord {
    /// Its number in the chain of its account, from 1.
    pub seq: i64,
    /// Name of its [kind](crate::event::EventKind::as_str).
    pub kind: String,
    /// Key of the administrator who did it.
    pub actor: Option<String>,
    /// Address of the client, in the configured form.
    pub client: Option<String>,
    /// User agent of the client.
    pub user_agent: Option<String>,
    /// Public id of the credential.
    pub credential: Option<String>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The latest end of the impersonation that this event begins; `None` for all other events.
    pub ends_at: Option<DateTime<Utc>>,
}

/// The end of a chain, or of a part of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) seq: i64,
    pub(crate) mac: Mac,
    pub(crate) expires_at: DateTime<Utc>,
}

/// A row: the record, the row before it, and the keyed hash over all that.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) version: i32,
    pub(crate) shown: AuditRecord,
    pub(crate) expires_at: DateTime<Utc>,
    /// Hash and expiry of the row before, so that a row can be verified when a purge has deleted that.
    pub(crate) prior: Option<(Mac, DateTime<Utc>)>,
    pub(crate) mac: Mac,
}

impl Record {
    pub(crate) fn link(&self) -> Link {
        Link { seq: self.shown.seq, mac: self.mac, expires_at: self.expires_at }
    }
}

/// Makes and verifies rows.
#[derive(Clone, Debug)]
pub struct Seal {
    keys: KeyRing,
    /// The user's table. Mounts may share a secret, and a row belongs to one of them.
    table: &'static str,
    pub(crate) config: AuditConfig,
}

impl Seal {
    /// Seals the rows of a mount, which has that table of users, with the current key, and verifies
    /// with all.
    #[must_use]
    pub fn new(keys: KeyRing, table: &'static str, config: AuditConfig) -> Self {
        Self { keys, table, config }
    }

    /// The row of an event after that one.
    pub(super) fn record(&self, account: &str, event: &Event, prior: Option<Link>) -> Record {
        let key = &self.keys.current().audit;
        let client = event.client.and_then(|address| self.config.addresses.of(address, key));
        let expires_at = event.at + self.config.retention;
        let mut record = Record {
            version: Event::VERSION.into(),
            shown: AuditRecord {
                seq: prior.map_or(1, |link| link.seq + 1),
                kind: event.kind.as_str().to_owned(),
                actor: event.actor.clone(),
                client,
                user_agent: event.user_agent.clone(),
                credential: event.credential.clone(),
                at: event.at,
                ends_at: event.ends_at,
            },
            // Never before the row before: then a purge deletes from the beginning only, and
            // whatever else is missing was removed by other hands.
            expires_at: prior.map_or(expires_at, |link| expires_at.max(link.expires_at)),
            prior: prior.map(|link| (link.mac, link.expires_at)),
            mac: key.mac(&[]),
        };
        record.mac = key.mac(&slices(&self.parts(account, &record)));
        record
    }

    /// Whether a row of this account is as it was written.
    pub(crate) fn is_intact(&self, account: &str, record: &Record) -> bool {
        let parts = self.parts(account, record);
        let parts = slices(&parts);
        self.keys.all().any(|keys| keys.audit.mac(&parts) == record.mac)
    }

    /// Everything that the hash covers.
    fn parts(&self, account: &str, record: &Record) -> Vec<Vec<u8>> {
        let Record { version, shown, expires_at, prior, .. } = record;
        let AuditRecord { seq, kind, actor, client, user_agent, credential, at, ends_at } = shown;
        let instant = |at: &DateTime<Utc>| at.timestamp_millis().to_be_bytes().to_vec();
        let mut parts = vec![
            b"record".to_vec(),
            self.table.as_bytes().to_vec(),
            version.to_be_bytes().to_vec(),
            account.as_bytes().to_vec(),
            seq.to_be_bytes().to_vec(),
            kind.as_bytes().to_vec(),
            optional(actor.as_ref().map(String::as_bytes)),
            optional(client.as_ref().map(String::as_bytes)),
            optional(user_agent.as_ref().map(String::as_bytes)),
            optional(credential.as_ref().map(String::as_bytes)),
            instant(at),
            instant(expires_at),
            optional(prior.as_ref().map(|(mac, _)| &mac.as_bytes()[..])),
            optional(prior.as_ref().map(|(_, expires_at)| instant(expires_at)).as_deref()),
        ];
        parts.extend(ends_at.as_ref().map(instant));
        parts
    }
}

/// The primary key of a row: an account has one row of each number.
pub(super) fn digest(account: &str, seq: i64) -> [u8; 32] {
    sha256(&[b"audit", account.as_bytes(), &seq.to_be_bytes()])
}

fn slices(parts: &[Vec<u8>]) -> Vec<&[u8]> {
    parts.iter().map(Vec::as_slice).collect()
}

/// Tells an absent value from an empty one.
fn optional(value: Option<&[u8]>) -> Vec<u8> {
    value.map(|bytes| [&[1][..], bytes].concat()).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use super::*;
    use crate::event::EventKind;
    use crate::model::SecretKey;

    const SECRET: &str = "a secret of an app with more than 32 bytes";
    const OTHER: &str = "quite another secret, which came after it";

    fn seal(current: &str, previous: &[&str]) -> Seal {
        let previous: Vec<_> = previous.iter().map(|&secret| SecretKey::from(secret)).collect();
        let keys = KeyRing::new(&SecretKey::from(current), &previous).unwrap();
        Seal::new(keys, "users", AuditConfig::default())
    }

    fn event(seconds: i64) -> Event {
        let at = DateTime::from_timestamp(seconds, 0).unwrap();
        Event::new(EventKind::SignedIn, at).account_id(&7)
    }

    #[test]
    fn rows_of_a_previous_secret_are_intact() {
        let record = seal(SECRET, &[]).record("7", &event(1), None);
        assert!(seal(SECRET, &[]).is_intact("7", &record));
        assert!(seal(OTHER, &[SECRET]).is_intact("7", &record));
        assert!(!seal(OTHER, &[]).is_intact("7", &record));
        assert!(!seal(SECRET, &[]).is_intact("8", &record), "it is of one account");
        let other = Seal { table: "admins", ..seal(SECRET, &[]) };
        assert!(!other.is_intact("7", &record), "it is of one table");
    }

    #[test]
    fn an_absent_value_is_not_an_empty_one() {
        let mut record = seal(SECRET, &[]).record("7", &event(1), None);
        record.shown.actor = Some(String::new());
        assert!(!seal(SECRET, &[]).is_intact("7", &record));
    }

    #[test]
    fn a_row_never_expires_before_the_one_before_it() {
        let first = seal(SECRET, &[]).record("7", &event(1), None);
        let day = std::time::Duration::from_hours(24);
        let mut shorter = seal(SECRET, &[]);
        shorter.config = AuditConfig::default().retention(day);
        let second = shorter.record("7", &event(2), Some(first.link()));
        assert_eq!(second.expires_at, first.expires_at);
        assert_eq!(second.shown.seq, 2);
    }
}
