//! A session as one value in Redis.
//!
//! The parts that change have a fixed place at the start, so that a script can compare and replace
//! them without reading the rest:
//!
//! | bytes | part |
//! | --- | --- |
//! | 0..13 | last activity, milliseconds since 1970 in decimal digits |
//! | 13..26 | expiry, likewise |
//! | 26..58 | CSRF digest |
//! | 58..70 | account state: version and security stamp, big endian |
//! | 70.. | everything else as JSON |

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{instant, millis};
use crate::model::{AccountState, ClientAddress, CsrfDigest, Impersonator, Proofs, SessionDigest};
use crate::slices::sessions::store::Session;
use crate::store_error::StoreError;

/// Number of digits of an instant; enough until the year 2286.
const DIGITS: usize = 13;
const EXPIRY: usize = DIGITS;
pub(super) const CSRF: usize = EXPIRY + DIGITS;
pub(super) const STATE: usize = CSRF + 32;
const FIXED: usize = STATE + 12;

#[derive(Serialize, Deserialize)]
struct Fixed<Id> {
    account: Id,
    client: Option<IpAddr>,
    user_agent: Option<String>,
    is_remembered: bool,
    created_at: i64,
    ends_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proofs: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    impersonator: Option<String>,
}

pub(super) fn encode<Id: Serialize + Clone>(session: &Session<Id>) -> Result<Vec<u8>, StoreError> {
    let fixed = Fixed {
        account: session.account.clone(),
        client: session.client.map(ClientAddress::ip),
        user_agent: session.user_agent.clone(),
        is_remembered: session.is_remembered,
        created_at: millis(session.created_at),
        ends_at: session.ends_at.map(millis),
        proofs: session.proofs.to_stored(session.created_at),
        impersonator: session.impersonator.as_ref().map(Impersonator::to_stored),
    };
    let mut record = times(session.last_activity_at, session.expires_at).into_bytes();
    record.extend(session.csrf.as_bytes());
    record.extend(encode_state(session.state));
    serde_json::to_writer(&mut record, &fixed).map_err(StoreError::failed)?;
    Ok(record)
}

pub(super) fn decode<Id: DeserializeOwned>(
    digest: SessionDigest,
    record: &[u8],
) -> Result<Session<Id>, StoreError> {
    let malformed = || StoreError::failed("a session in Redis is malformed");
    let (times, rest) = record.split_at_checked(CSRF).ok_or_else(malformed)?;
    let (csrf, rest) = rest.split_first_chunk().ok_or_else(malformed)?;
    let (version, rest) = rest.split_first_chunk().ok_or_else(malformed)?;
    let (security_stamp, rest) = rest.split_first_chunk().ok_or_else(malformed)?;
    let fixed: Fixed<Id> = serde_json::from_slice(rest).map_err(StoreError::failed)?;
    // One that is not readable must not be taken for its owner's session.
    let read = |stored: &String| Impersonator::from_stored(stored).ok_or_else(malformed);
    let impersonator = fixed.impersonator.as_ref().map(read).transpose()?;
    let (last_activity, expiry) = times.split_at(EXPIRY);
    Ok(Session {
        digest,
        account: fixed.account,
        state: AccountState {
            version: i32::from_be_bytes(*version),
            security_stamp: i64::from_be_bytes(*security_stamp),
        },
        csrf: CsrfDigest::new(*csrf),
        client: fixed.client.map(ClientAddress::from),
        user_agent: fixed.user_agent,
        is_remembered: fixed.is_remembered,
        created_at: instant(fixed.created_at),
        last_activity_at: read_digits(last_activity).ok_or_else(malformed)?,
        expires_at: read_digits(expiry).ok_or_else(malformed)?,
        ends_at: fixed.ends_at.map(instant),
        proofs: Proofs::from_stored(fixed.proofs.as_deref(), instant(fixed.created_at)),
        impersonator,
    })
}

/// The part that activity changes.
pub(super) fn times(last_activity_at: DateTime<Utc>, expires_at: DateTime<Utc>) -> String {
    format!("{}{}", digits(last_activity_at), digits(expires_at))
}

/// The part that binds the session to its account.
pub(super) fn encode_state(state: AccountState) -> [u8; FIXED - STATE] {
    let mut bytes = [0; FIXED - STATE];
    let (version, security_stamp) = bytes.split_at_mut(size_of::<i32>());
    version.copy_from_slice(&state.version.to_be_bytes());
    security_stamp.copy_from_slice(&state.security_stamp.to_be_bytes());
    bytes
}

fn digits(time: DateTime<Utc>) -> String {
    format!("{:0width$}", millis(time).max(0), width = DIGITS)
}

fn read_digits(digits: &[u8]) -> Option<DateTime<Utc>> {
    Some(instant(std::str::from_utf8(digits).ok()?.parse().ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_session_is_read_as_it_was_written(
            (account, user_agent) in any::<(String, Option<String>)>(),
            (version, security_stamp) in any::<(i32, i64)>(),
            (csrf, client, is_remembered) in any::<([u8; 32], Option<IpAddr>, bool)>(),
            instants in proptest::array::uniform4(0..9_999_999_999_999_i64),
        ) {
            let session = Session {
                digest: SessionDigest::new([7; 32]),
                account,
                state: AccountState { version, security_stamp },
                csrf: CsrfDigest::new(csrf),
                client: client.map(ClientAddress::from),
                user_agent,
                is_remembered,
                created_at: instant(instants[0]),
                last_activity_at: instant(instants[1]),
                expires_at: instant(instants[2]),
                ends_at: is_remembered.then(|| instant(instants[3])),
                proofs: Proofs::of_password(instant(instants[3])),
                impersonator: is_remembered.then(|| Impersonator {
                    account: "7".to_owned(),
                    state: AccountState { version: -1, security_stamp: i64::MIN },
                    session: SessionDigest::new(csrf),
                }),
            };
            let record = encode(&session).unwrap();
            prop_assert_eq!(decode(session.digest, &record).unwrap(), session);
        }

        #[test]
        fn no_value_makes_reading_panic(record in any::<Vec<u8>>()) {
            prop_assert!(decode::<String>(SessionDigest::new([7; 32]), &record).is_err());
        }
    }
}
