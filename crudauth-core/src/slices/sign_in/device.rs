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
use crate::model::{Account, AuthUser, KeyRing, Mac, MacKey};
use crate::random::random;

/// How many accounts a device is remembered for; the least recent is forgotten first.
const ACCOUNTS: usize = 4;

/// Half a digest is still 128 bits.
const MARK_DIGITS: usize = 32;

/// Returns the device whose cookie is among these, if it was issued at a sign-in of this account.
pub(super) fn recognise<U: AuthUser>(
    keys: &KeyRing,
    cookies: &[impl AsRef<str>],
    account: &Account<U>,
) -> Option<KnownDevice> {
    let mut issued = issued(keys, cookies);
    let (name, _) = issued.find(|(name, marks)| has_mark(keys, name, marks, account))?;
    // A new state is a new counter: who has just reset the password is not locked out by failures
    // under the old one.
    Some(KnownDevice { name: format!("{name}.{}", account.security_stamp()) })
}

/// The cookie after a sign-in of this account: the account comes first, the device keeps its name.
pub(super) fn extend<U: AuthUser>(
    keys: &KeyRing,
    cookies: &[impl AsRef<str>],
    account: &Account<U>,
) -> String {
    // A neighbouring site may have set another device's cookie before it. Right after a change of
    // password the cookie has the mark of the version before.
    let mut before = account.clone();
    before.state.version -= 1;
    let of = |account: &Account<U>| {
        issued(keys, cookies).find(|(name, marks)| has_mark(keys, name, marks, account))
    };
    let sent = of(account).or_else(|| of(&before)).or_else(|| issued(keys, cookies).next());
    let (name, known) = match sent {
        Some((name, marks)) => (name.to_owned(), marks),
        None => (hex::encode(random::<{ MARK_DIGITS / 2 }>()), Vec::new()),
    };
    let key = &keys.current().device;
    let own = mark(key, &name, account);
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
fn has_mark<U: AuthUser>(keys: &KeyRing, name: &str, marks: &[&str], account: &Account<U>) -> bool {
    keys.all().any(|keys| {
        let wanted = mark(&keys.device, name, account);
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
fn mark<U: AuthUser>(key: &MacKey, name: &str, account: &Account<U>) -> String {
    let id = account.user.id().to_string();
    let state = account.state();
    let version = state.version.to_be_bytes();
    let stamp = state.security_stamp.to_be_bytes();
    half(&key.mac(&[b"account", name.as_bytes(), id.as_bytes(), &version, &stamp]))
}

fn half(mac: &Mac) -> String {
    hex::encode(&mac.as_bytes()[..MARK_DIGITS / 2])
}
