//! Devices that have signed in before.
//!
//! Failures under a name can be caused by every stranger who knows it, so a lock on the name alone
//! would let strangers keep its owner out. A device that has signed in carries a cookie (OWASP calls
//! it a device cookie); its attempts are counted apart. The cookie grants nothing else: with it and
//! the wrong password a device is locked out like any other.
//!
//! It is a random name with our seal and, for each account that signed in on the device, a keyed hash
//! of name and account. It reveals no account, and needs no store.

use subtle::ConstantTimeEq;

use crate::guard::KnownDevice;
use crate::model::{Account, AccountId, AccountState, AuthUser, KeyRing, Mac, MacKey};
use crate::random::random;

/// How many accounts a device is remembered for; the least recent is forgotten first.
const ACCOUNTS: usize = 4;

/// Half a digest is still 128 bits.
const MARK_DIGITS: usize = 32;

/// The account that a device is to be known to: its key, and the state that its marks are bound to.
struct Owner {
    id: String,
    state: AccountState,
}

impl Owner {
    fn of<U: AuthUser>(account: &Account<U>) -> Self {
        Self { id: account.user.id().to_string(), state: account.state() }
    }

    /// An owner with a key of the usual length that no account has.
    fn decoy<U: AuthUser>() -> Self {
        let id =
            <U::Id as AccountId>::generate().map_or_else(|| "0".to_owned(), |id| id.to_string());
        Self { id, state: AccountState { version: -1, security_stamp: -1 } }
    }
}

/// Returns the device whose cookie is among these, if it was issued at a sign-in of this account.
///
/// Without an account the same hashes are computed, or the time of an answer would reveal accounts
/// to a client that sends many cookies of its own.
pub(super) fn recognise<U: AuthUser>(
    keys: &KeyRing,
    cookies: &[impl AsRef<str>],
    account: Option<&Account<U>>,
) -> Option<KnownDevice> {
    let owner = account.map_or_else(Owner::decoy::<U>, Owner::of);
    let mut issued = issued(keys, cookies);
    let (name, _) = issued.find(|(name, marks)| has_mark(keys, name, marks, &owner))?;
    // A new state is a new counter: failures under the old state do not lock out an owner who has
    // just reset the password.
    account.map(|account| KnownDevice { name: format!("{name}.{}", account.security_stamp()) })
}

/// The cookie after a sign-in of this account: the account comes first, the device keeps its name.
pub(super) fn extend<U: AuthUser>(
    keys: &KeyRing,
    cookies: &[impl AsRef<str>],
    account: &Account<U>,
) -> String {
    let owner = Owner::of(account);
    // A neighbouring site may have set another device's cookie before it. Right after a change of
    // password the cookie has the mark of the version before.
    let mut before = Owner::of(account);
    before.state.version -= 1;
    let of = |owner: &Owner| {
        issued(keys, cookies).find(|(name, marks)| has_mark(keys, name, marks, owner))
    };
    let sent = of(&owner).or_else(|| of(&before)).or_else(|| issued(keys, cookies).next());
    let (name, known) = match sent {
        Some((name, marks)) => (name.to_owned(), marks),
        None => (hex::encode(random::<{ MARK_DIGITS / 2 }>()), Vec::new()),
    };
    let key = &keys.current().device;
    let own = mark(key, &name, &owner);
    let others = known.into_iter().filter(|mark| *mark != own).take(ACCOUNTS - 1);
    let marks: Vec<_> = std::iter::once(own.as_str()).chain(others).collect();
    format!("{name}.{}.{}", seal(key, &name), marks.join("."))
}

/// The names and marks of the cookies that were issued here.
fn issued<'c>(
    keys: &KeyRing,
    cookies: &'c [impl AsRef<str>],
) -> impl Iterator<Item = (&'c str, Vec<&'c str>)> {
    cookies.iter().filter_map(|cookie| parse(keys, cookie.as_ref()))
}

/// Returns `true` if this account has signed in on the device.
fn has_mark(keys: &KeyRing, name: &str, marks: &[&str], owner: &Owner) -> bool {
    keys.all().any(|keys| {
        let wanted = mark(&keys.device, name, owner);
        marks.iter().any(|mark| is_same(mark, &wanted))
    })
}

/// Reads name and marks, if the name was issued here: a client that could choose its own would have a
/// fresh counter whenever it likes.
fn parse<'c>(keys: &KeyRing, cookie: &'c str) -> Option<(&'c str, Vec<&'c str>)> {
    if cookie.len() > (ACCOUNTS + 2) * (MARK_DIGITS + 1) {
        return None;
    }
    let mut parts = cookie.split('.');
    let name = parts.next().filter(is_hex)?;
    let sent = parts.next()?;
    if !keys.all().any(|keys| is_same(&seal(&keys.device, name), sent)) {
        return None;
    }
    Some((name, parts.filter(is_hex).collect()))
}

fn is_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

fn is_hex(part: &&str) -> bool {
    part.len() == MARK_DIGITS && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn seal(key: &MacKey, name: &str) -> String {
    half(&key.mac(&[b"name", name.as_bytes()]))
}

/// Bound to the version of the account: a device of someone who knew an old password gains nothing
/// once it is changed.
fn mark(key: &MacKey, name: &str, owner: &Owner) -> String {
    let version = owner.state.version.to_be_bytes();
    let stamp = owner.state.security_stamp.to_be_bytes();
    half(&key.mac(&[b"account", name.as_bytes(), owner.id.as_bytes(), &version, &stamp]))
}

fn half(mac: &Mac) -> String {
    hex::encode(&mac.as_bytes()[..MARK_DIGITS / 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SecretKey, hashes_computed};
    use crate::testing_world::{OTHER_SECRET, Person, SECRET};

    #[test]
    fn cookies_cost_the_same_for_known_and_unknown_names() {
        let previous = [SecretKey::from(OTHER_SECRET)];
        let keys = KeyRing::new(&SecretKey::from(SECRET), &previous).expect("the secrets are long");
        let eve = Person::unsaved("eve@example.com");
        let none: [&str; 0] = [];
        let mut cookies: Vec<_> = (0..64).map(|_| extend(&keys, &none, &eve)).collect();
        cookies.extend(["x".to_owned(), "0".repeat(32), String::new()]);
        let mut ada = Person::unsaved("ada@example.com");
        ada.user.id = 2;
        let hashes = |account: Option<&Account<Person>>| {
            let before = hashes_computed();
            assert!(recognise(&keys, &cookies, account).is_none());
            hashes_computed() - before
        };
        let known = hashes(Some(&ada));
        assert_eq!(known, hashes(None));
        assert!(known > 64 * 2, "{known}");
        assert!(recognise(&keys, &cookies, Some(&eve)).is_some());
    }

    fn keys() -> KeyRing {
        KeyRing::new(&SecretKey::from(SECRET), &[]).expect("the secret is long")
    }

    fn person(id: i64) -> Account<Person> {
        let mut person = Person::unsaved("ada@example.com");
        person.user.id = id;
        person
    }

    const NONE: [&str; 0] = [];

    #[test]
    fn a_device_is_remembered_for_the_last_four_accounts() {
        let keys = keys();
        let first = extend(&keys, &NONE, &person(1));
        let cookie = (2..=5).fold(first, |cookie, id| extend(&keys, &[cookie], &person(id)));
        assert_eq!(cookie.split('.').count(), 2 + ACCOUNTS);
        assert!(recognise(&keys, &[&cookie], Some(&person(1))).is_none(), "the least recent one");
        for id in 2..=5 {
            assert!(recognise(&keys, &[&cookie], Some(&person(id))).is_some(), "{id}");
        }
    }

    #[test]
    fn a_device_keeps_its_name_beside_another_one_after_a_change_of_password() {
        let keys = keys();
        let foreign = extend(&keys, &NONE, &person(2));
        let own = extend(&keys, &NONE, &person(1));
        let mut changed = person(1);
        changed.state.version += 1;
        let name = |cookie: &str| cookie.split('.').next().map(str::to_owned);
        let extended = extend(&keys, &[&foreign, &own], &changed);
        assert_eq!(name(&extended), name(&own));
        assert!(recognise(&keys, &[&extended], Some(&changed)).is_some());
    }

    #[test]
    fn parts_that_are_no_marks_leave_a_cookie() {
        let keys = keys();
        let cookie = extend(&keys, &NONE, &person(1));
        for junk in ["junk", &"Z".repeat(MARK_DIGITS), &"a".repeat(MARK_DIGITS - 1)] {
            let sent = format!("{cookie}.{junk}");
            assert_eq!(extend(&keys, &[sent], &person(1)), cookie, "{junk}");
        }
    }
}
