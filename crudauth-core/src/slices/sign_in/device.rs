//! Devices that have signed in before.
//!
//! Whoever knows a name can make its misses, so a lock on the name alone would let strangers keep
//! its owner out. A device that has signed in carries a cookie that says so; its attempts are
//! counted apart from everybody's. The cookie grants nothing else: with it and the wrong password
//! one is as locked out as anybody (OWASP calls this a device cookie).
//!
//! It is a random name with a seal of ours and, for each account that signed in there, a keyed hash
//! of name and account. It tells nobody who that was, and needs no store.

use crate::model::{Account, AuthUser, Digest, KeyRing, MacKey};
use crate::ports::Entropy;

/// How many accounts a device is remembered for; the least recent is forgotten first.
const ACCOUNTS: usize = 4;

/// Half a digest is still 128 bits.
const MARK_DIGITS: usize = 32;

/// A device that this account has used before.
pub(crate) struct Known {
    /// Its random name.
    pub(crate) name: String,
}

/// The device whose cookie is among these, if that was made at a sign-in of this account.
pub(crate) fn recognise<U: AuthUser>(
    keys: &KeyRing,
    cookies: &[impl AsRef<str>],
    account: &Account<U>,
) -> Option<Known> {
    let sent = given_out(keys, cookies).find(|(name, marks)| has_mark(keys, name, marks, account));
    sent.map(|(name, _)| Known { name: name.to_owned() })
}

/// The cookie after a sign-in of this account: it comes first, the device keeps its name.
pub(crate) fn extend<U: AuthUser>(
    keys: &KeyRing,
    entropy: &dyn Entropy,
    cookies: &[impl AsRef<str>],
    account: &Account<U>,
) -> String {
    // A neighbouring site may have put somebody else's before it. Right after a change of password
    // it has the mark of the one before.
    let before = Account { version: account.version - 1, ..account.clone() };
    let of = |account: &Account<U>| {
        given_out(keys, cookies).find(|(name, marks)| has_mark(keys, name, marks, account))
    };
    let sent = of(account).or_else(|| of(&before)).or_else(|| given_out(keys, cookies).next());
    let (name, known) = sent.map_or_else(
        || {
            let mut bytes = [0; MARK_DIGITS / 2];
            entropy.fill(&mut bytes);
            (hex::encode(bytes), Vec::new())
        },
        |(name, marks)| (name.to_owned(), marks),
    );
    let key = &keys.current().device;
    let ours = mark(key, &name, account);
    let others = known.into_iter().filter(|mark| *mark != ours).take(ACCOUNTS - 1);
    let marks: Vec<_> = std::iter::once(ours.as_str()).chain(others).collect();
    format!("{name}.{}.{}", seal(key, &name), marks.join("."))
}

/// Those that were given out.
fn given_out<'c>(
    keys: &KeyRing,
    cookies: &'c [impl AsRef<str>],
) -> impl Iterator<Item = (&'c str, Vec<&'c str>)> {
    cookies.iter().filter_map(|cookie| parse(keys, cookie.as_ref()))
}

/// Whether this account has signed in there.
fn has_mark<U: AuthUser>(keys: &KeyRing, name: &str, marks: &[&str], account: &Account<U>) -> bool {
    keys.all().any(|keys| {
        let wanted = mark(&keys.device, name, account);
        // Each mark is a keyed hash: how far two of them agree tells nothing about a third.
        marks.iter().any(|mark| *mark == wanted)
    })
}

/// Name and marks, if the name is one that was given out: no client chooses its own, since each has
/// tries of its own.
fn parse<'c>(keys: &KeyRing, cookie: &'c str) -> Option<(&'c str, Vec<&'c str>)> {
    let is_hex = |part: &&str| {
        part.len() == MARK_DIGITS && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    if cookie.len() > (ACCOUNTS + 2) * (MARK_DIGITS + 1) {
        return None;
    }
    let mut parts = cookie.split('.');
    let name = parts.next().filter(is_hex)?;
    let sealed = parts.next()?;
    // Keyed hashes: how far two of them agree tells nothing about a third.
    keys.all().any(|keys| seal(&keys.device, name) == sealed).then_some(())?;
    Some((name, parts.filter(is_hex).collect()))
}

fn seal(key: &MacKey, name: &str) -> String {
    half(key.digest(&[b"name", name.as_bytes()]))
}

/// Bound to the password's version: whoever knew an old one and signed in with it gains nothing by
/// that once it is changed.
fn mark<U: AuthUser>(key: &MacKey, name: &str, account: &Account<U>) -> String {
    let id = account.user.id().to_string();
    let (version, epoch) = (account.version.to_be_bytes(), account.epoch.to_be_bytes());
    half(key.digest(&[b"account", name.as_bytes(), id.as_bytes(), &version, &epoch]))
}

fn half(digest: Digest) -> String {
    hex::encode(&digest.as_bytes()[..MARK_DIGITS / 2])
}
