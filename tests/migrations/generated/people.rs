//! The people in the rows of a generated table.

use fastrand::Rng;

/// The password of everybody who has a hash.
pub(super) const PASSWORD: &str = "a-strong-one";

/// Hashes of the password that the mounts read, at the lowest costs.
const READ: [&str; 3] = [
    "$argon2id$v=19$m=64,t=1,p=1$yCfxPGq07pXQxMfBnrwtdg$RdnNHppiSECrs1A/SyL1IFZvz855E8Sak8kjdk06dFw",
    // Of plain bcrypt the format of crudauth-py computes one of its own costs as well.
    "{bcrypt}$2b$04$GISItbDjx/63mkAfqjSomee3X7GTghQPMWCcEQTWIY8OJ0EtiuwP2",
    "pbkdf2_sha256$1000$saltsaltsalt$WfBMG0WAATRWXw0E5j0I+9SJoiXW5FBM81XEDzZN0ck=",
];

/// Values that no password matches.
const UNREAD: [Option<&str>; 5] = [
    None,
    Some(""),
    Some("!"),
    Some("5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"),
    Some("{MD5}nothing"),
];

const NAMES: [&str; 6] = ["ada", "bob", "cyd", "dan", "eve", "fay"];

const ODD_ADDRESSES: [&str; 12] = [
    "Ada@Example.com",
    "bob@EXAMPLE.COM",
    " cyd@example.com",
    "dan@example.com ",
    "a..b@docomo.example",
    "admin@localhost",
    "zoë@example.com",
    "eve@bücher.example",
    "o'hara@example.com",
    "under_score@under_score.example",
    "nobody",
    "first.last+tag@mail.example.com",
];

const ODD_USERNAMES: [&str; 12] = [
    "Ada",
    "BOB",
    "Zoë",
    "ﬁona",
    "a b",
    "dan ",
    " eve",
    "straße",
    "İstanbul",
    "o'hara",
    "1234",
    "ａｄａ",
];

/// An account of the app.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) email: Option<String>,
    pub(super) username: Option<String>,
    pub(super) hash: Option<String>,
    /// Whether the hash is that of the password.
    pub(super) is_known: bool,
}

impl Person {
    /// A person whose values need nothing.
    pub(super) fn plain(dice: &mut Rng, name: &str) -> Self {
        Self {
            email: Some(format!("{name}@example.com")),
            username: Some(name.to_owned()),
            hash: Some(dice.choice(READ).unwrap().to_owned()),
            is_known: true,
        }
    }

    /// Up to three people, of whom some have odd values. Returns the columns of those.
    pub(super) fn some(dice: &mut Rng) -> (Vec<Self>, Vec<&'static str>) {
        let mut odd = Vec::new();
        let mut names = NAMES;
        dice.shuffle(&mut names);
        let people = names[..dice.usize(..4)].iter().map(|name| {
            let mut person = Self::plain(dice, name);
            if dice.u8(..5) == 0 {
                person.hash = dice.choice(UNREAD).unwrap().map(str::to_owned);
                person.is_known = false;
                odd.push("hashed_password");
            }
            if dice.u8(..7) == 0 {
                person.email = odd_value(dice, &ODD_ADDRESSES);
                odd.push("email");
            }
            if dice.u8(..7) == 0 {
                person.username = odd_value(dice, &ODD_USERNAMES);
                odd.push("username");
            }
            person
        });
        (people.collect(), odd)
    }
}

fn odd_value(dice: &mut Rng, values: &[&str]) -> Option<String> {
    match dice.u8(..6) {
        0 => None,
        1 => Some(String::new()),
        _ => dice.choice(values).map(|value| (*value).to_owned()),
    }
}
