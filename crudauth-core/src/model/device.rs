//! Description of a client's device, from its user agent.
//!
//! The list of sessions shows it, so that the owner can recognize a foreign session. Clients can
//! claim anything, so no decision depends on it. Every user agent yields a value.

use serde::Serialize;
use woothee::parser::{Parser, WootheeResult};

/// The browser and machine that a `User-Agent` claims.
///
/// Names are `Unknown` without a user agent, and `Other` for an unrecognized one. At most one of
/// the three flags is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Device {
    /// Name of the browser, such as `Firefox`.
    pub browser: String,
    /// Version of the browser; empty if unknown.
    pub browser_version: String,
    /// Family of the operating system, such as `Windows` or `iOS`.
    pub os: String,
    /// Kind of machine: `iPhone`, `iPad`, `iPod`, `Android`, `Mac` or `PC`.
    pub device: String,
    /// `true` for a phone.
    pub is_mobile: bool,
    /// `true` for a tablet.
    pub is_tablet: bool,
    /// `true` for a desktop or a laptop.
    pub is_pc: bool,
}

impl Device {
    /// Number of bytes that are parsed. Browsers stay far below.
    const MAX_BYTES: usize = 1024;

    /// Parses a `User-Agent` header.
    #[must_use]
    pub fn from_user_agent(user_agent: Option<&str>) -> Self {
        let Some(agent) = user_agent.map(str::trim).filter(|agent| !agent.is_empty()) else {
            return Self::named("Unknown");
        };
        let agent = &agent[..agent.floor_char_boundary(Self::MAX_BYTES)];
        Parser::new()
            .parse(agent)
            .map_or_else(|| Self::named("Other"), |parsed| Self::new(agent, &parsed))
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

    fn new(agent: &str, parsed: &WootheeResult<'_>) -> Self {
        let is_phone_or_tablet = matches!(parsed.category, "smartphone" | "mobilephone");
        let is_tablet = is_phone_or_tablet && is_tablet(agent, parsed.os);
        let is_pc = parsed.category == "pc";
        Self {
            browser: known_or(parsed.name, "Other"),
            browser_version: known_or(parsed.version, ""),
            os: known_or(os_family(parsed.os), "Other"),
            device: machine(parsed.os, is_pc).to_owned(),
            is_mobile: is_phone_or_tablet && !is_tablet,
            is_tablet,
            is_pc,
        }
    }
}

/// Returns `name`, or `default` if woothee does not know the name.
fn known_or(name: &str, default: &str) -> String {
    let is_unknown = name.is_empty() || name == woothee::woothee::VALUE_UNKNOWN;
    if is_unknown { default.to_owned() } else { name.to_owned() }
}

/// Returns the family without a version, because Windows 11 and recent macOS send an old version.
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

/// Recognizes tablets. On Android, only phones send `Mobile`; Firefox sends `Tablet`.
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
    fn common_browsers_are_recognized() {
        for (agent, browser, version, os, machine) in [
            (FIREFOX_LINUX, "Firefox", "140.0", "Linux", "PC"),
            (CHROME_WINDOWS, "Chrome", "139.0.0.0", "Windows", "PC"),
            (SAFARI_MAC, "Safari", "18.5", "Mac OS X", "Mac"),
            (SAFARI_IPHONE, "Safari", "18.5", "iOS", "iPhone"),
            (SAFARI_IPAD, "Safari", "16.6", "iOS", "iPad"),
            (CHROME_PHONE, "Chrome", "139.0.0.0", "Android", "Android"),
            (CHROME_TABLET, "Chrome", "139.0.0.0", "Android", "Android"),
        ] {
            let device = device(agent);
            assert_eq!(
                (&*device.browser, &*device.browser_version, &*device.os, &*device.device),
                (browser, version, os, machine)
            );
        }
    }

    #[test]
    fn phones_tablets_and_desktops_are_recognized() {
        for agent in [SAFARI_IPHONE, CHROME_PHONE] {
            let device = device(agent);
            assert!(device.is_mobile && !device.is_tablet && !device.is_pc, "{agent}");
        }
        for agent in [SAFARI_IPAD, CHROME_TABLET] {
            let device = device(agent);
            assert!(!device.is_mobile && device.is_tablet && !device.is_pc, "{agent}");
        }
        for agent in [FIREFOX_LINUX, CHROME_WINDOWS, SAFARI_MAC] {
            let device = device(agent);
            assert!(!device.is_mobile && !device.is_tablet && device.is_pc, "{agent}");
        }
    }

    #[test]
    fn a_missing_agent_is_unknown_and_an_unrecognized_one_is_other() {
        for none in [None, Some(""), Some("  ")] {
            let device = Device::from_user_agent(none);
            assert_eq!(
                (&*device.browser, &*device.os, &*device.device),
                ("Unknown", "Unknown", "Unknown")
            );
        }
        for strange in ["zzz", "-", "my client; 1.0"] {
            let device = device(strange);
            assert_eq!(
                (&*device.browser, &*device.os, &*device.device),
                ("Other", "Other", "Other")
            );
        }
    }

    proptest! {
        #[test]
        fn every_agent_yields_a_device_of_bounded_size(agent in "\\PC{0,60}(é|Windows \\PC{0,9};|[0-9.]){0,2000}") {
            let device = Device::from_user_agent(Some(&agent));
            prop_assert!(!device.browser.is_empty() && !device.os.is_empty() && !device.device.is_empty());
            prop_assert!(device.browser_version.len() <= Device::MAX_BYTES);
        }
    }
}
