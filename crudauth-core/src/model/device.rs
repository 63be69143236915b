//! What a list of sessions shows for a session, so that its owner can tell a stranger's.
//!
//! A client says what it likes of itself, so nothing is decided by this: it is for eyes only. It
//! promises a value for any user agent. The list of sessions calls it.

use serde::Serialize;
use woothee::parser::{Parser, WootheeResult};

/// A best guess at the software and the machine behind a `User-Agent`.
///
/// Names are `Unknown` without a user agent and `Other` where it says nothing recognisable; at most
/// one of the three flags is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Device {
    /// The browser's name, such as `Firefox`.
    pub browser: String,
    /// Its version as it gave it; empty where none was found.
    pub browser_version: String,
    /// The operating system's family, such as `Windows` or `iOS`.
    pub os: String,
    /// The kind of machine: `iPhone`, `iPad`, `iPod`, `Android`, `Mac` or `PC`.
    pub device: String,
    /// Whether it is a phone.
    pub is_mobile: bool,
    /// Whether it is a tablet.
    pub is_tablet: bool,
    /// Whether it is a desktop or a laptop.
    pub is_pc: bool,
}

impl Device {
    /// As much of a user agent as is looked at, in bytes. Browsers stay far below it.
    const MAX_BYTES: usize = 1024;

    /// Reads a request's `User-Agent`.
    #[must_use]
    pub fn from_user_agent(user_agent: Option<&str>) -> Self {
        let Some(agent) = user_agent.map(str::trim).filter(|agent| !agent.is_empty()) else {
            return Self::named("Unknown");
        };
        let agent = &agent[..agent.floor_char_boundary(Self::MAX_BYTES)];
        Parser::new().parse(agent).map_or_else(|| Self::named("Other"), |is| Self::read(agent, &is))
    }

    fn named(name: &str) -> Self {
        Self {
            browser: name.to_owned(),
            browser_version: String::new(),
            os: name.to_owned(),
            device: name.to_owned(),
            is_mobile: false,
            is_tablet: false,
            is_pc: false,
        }
    }

    fn read(agent: &str, is: &WootheeResult<'_>) -> Self {
        let is_phone_or_tablet = matches!(is.category, "smartphone" | "mobilephone");
        let is_tablet = is_phone_or_tablet && is_tablet(agent, is.os);
        let is_pc = is.category == "pc";
        Self {
            browser: known(is.name, "Other"),
            browser_version: known(is.version, ""),
            os: known(os_family(is.os), "Other"),
            device: machine(is.os, is_pc).to_owned(),
            is_mobile: is_phone_or_tablet && !is_tablet,
            is_tablet,
            is_pc,
        }
    }
}

/// woothee spells what it does not know as a word of its own.
fn known(name: &str, otherwise: &str) -> String {
    if name.is_empty() || name == woothee::woothee::VALUE_UNKNOWN { otherwise } else { name }
        .to_owned()
}

/// Versions are left out: Windows 11 and recent macOS still send the number of an older one.
fn os_family(os: &str) -> &str {
    match os {
        "iPhone" | "iPad" | "iPod" => "iOS",
        "Mac OSX" | "Mac OS Classic" => "Mac OS X",
        "Windows Phone OS" => "Windows Phone",
        os if os.starts_with("Windows ") => "Windows",
        os => os,
    }
}

fn machine(os: &str, is_pc: bool) -> &'static str {
    match os {
        "iPhone" => "iPhone",
        "iPad" => "iPad",
        "iPod" => "iPod",
        "Android" => "Android",
        "Mac OSX" | "Mac OS Classic" => "Mac",
        _ if is_pc => "PC",
        _ => "Other",
    }
}

/// On Android only phones call themselves `Mobile`; Firefox says `Tablet`.
fn is_tablet(agent: &str, os: &str) -> bool {
    os == "iPad" || agent.contains("Tablet") || (os == "Android" && !agent.contains("Mobile"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIREFOX_LINUX: &str =
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    const CHROME_WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
         (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36";
    const SAFARI_MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 \
         (KHTML, like Gecko) Version/18.5 Safari/605.1.15";
    const SAFARI_IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) \
         AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
    const SAFARI_IPAD: &str = "Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) \
         AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1";
    const CHROME_PHONE: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 \
         (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36";
    const CHROME_TABLET: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 \
         (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36";

    fn device(agent: &str) -> Device {
        Device::from_user_agent(Some(agent))
    }

    #[test]
    fn common_browsers_are_told_apart() {
        for (agent, browser, version, os, machine) in [
            (FIREFOX_LINUX, "Firefox", "140.0", "Linux", "PC"),
            (CHROME_WINDOWS, "Chrome", "139.0.0.0", "Windows", "PC"),
            (SAFARI_MAC, "Safari", "18.5", "Mac OS X", "Mac"),
            (SAFARI_IPHONE, "Safari", "18.5", "iOS", "iPhone"),
            (SAFARI_IPAD, "Safari", "16.6", "iOS", "iPad"),
            (CHROME_PHONE, "Chrome", "139.0.0.0", "Android", "Android"),
            (CHROME_TABLET, "Chrome", "139.0.0.0", "Android", "Android"),
        ] {
            let it = device(agent);
            assert_eq!(
                (&*it.browser, &*it.browser_version, &*it.os, &*it.device),
                (browser, version, os, machine)
            );
        }
    }

    #[test]
    fn phones_tablets_and_desktops_are_told_apart() {
        for agent in [SAFARI_IPHONE, CHROME_PHONE] {
            let it = device(agent);
            assert!(it.is_mobile && !it.is_tablet && !it.is_pc, "{agent}");
        }
        for agent in [SAFARI_IPAD, CHROME_TABLET] {
            let it = device(agent);
            assert!(!it.is_mobile && it.is_tablet && !it.is_pc, "{agent}");
        }
        for agent in [FIREFOX_LINUX, CHROME_WINDOWS, SAFARI_MAC] {
            let it = device(agent);
            assert!(!it.is_mobile && !it.is_tablet && it.is_pc, "{agent}");
        }
    }

    #[test]
    fn no_agent_is_unknown_and_a_strange_one_is_other() {
        for none in [None, Some(""), Some("  ")] {
            let it = Device::from_user_agent(none);
            assert_eq!((&*it.browser, &*it.os, &*it.device), ("Unknown", "Unknown", "Unknown"));
        }
        for strange in ["zzz", "-", "my client; 1.0"] {
            let it = device(strange);
            assert_eq!((&*it.browser, &*it.os, &*it.device), ("Other", "Other", "Other"));
        }
    }

    proptest! {
        #[test]
        fn any_agent_gives_a_device_of_bounded_size(agent in "\\PC{0,60}(é|Windows \\PC{0,9};|[0-9.]){0,2000}") {
            let it = Device::from_user_agent(Some(&agent));
            prop_assert!(!it.browser.is_empty() && !it.os.is_empty() && !it.device.is_empty());
            prop_assert!(it.browser_version.len() <= Device::MAX_BYTES);
        }
    }
}
