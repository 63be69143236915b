use proptest::prelude::*;

use super::*;

#[test]
fn a_path_of_the_client_adds_no_attribute_to_the_cookie() {
    let config = CookieConfig::default();
    let paths = |path: &str| -> Vec<String> {
        let mut response = Response::default();
        set_cookies(&mut response, &config).refresh(path, "x", Duration::from_secs(1));
        let lines = response.headers().get_all(header::SET_COOKIE).into_iter();
        let lines = lines.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
        lines.map(|line| line.split("; ").skip(3).collect::<Vec<_>>().join("; ")).collect()
    };
    let [refresh, logout] = ["refresh", "logout"]
        .map(|route| format!("Path=/of/acme/{route}; SameSite=strict; Secure"));
    assert_eq!(paths("/of/acme/token"), [refresh, logout]);
    for path in ["/of/x;Domain=example.com/token", "/of/x,y/token", "/of/x y/token"] {
        assert_eq!(paths(path), ["Path=/; SameSite=strict; Secure"], "{path}");
    }
}

fn lines(lines: &[Vec<u8>]) -> HeaderMap {
    let values = lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok());
    values.map(|value| (header::COOKIE, value)).collect()
}

proptest! {
    #[test]
    fn the_session_cookie_is_found_among_any_others(
        before in prop::collection::vec(any::<u8>(), 0..60),
        after in prop::collection::vec(any::<u8>(), 0..60),
        is_one_line in any::<bool>(),
    ) {
        let token = "a1".repeat(32);
        let config = CookieConfig::default();
        let own = format!("session_id={token}").into_bytes();
        let headers = if is_one_line {
            lines(&[[&*before, b";", &own, b"; ", &*after].concat()])
        } else {
            lines(&[before, own, after])
        };
        let found = Cookies { headers: &headers, config: &config }.sessions();
        // An invalid header line never arrives.
        let has_arrived = headers.iter().any(|(_, line)| {
            line.as_bytes().windows(64).any(|part| part == token.as_bytes())
        });
        if has_arrived {
            prop_assert_eq!(found.len(), 1);
        }
    }

    #[test]
    fn only_spaces_and_tabs_around_a_cookie_are_trimmed(before in "\\s{0,3}", after in "\\s{0,3}") {
        let token = "a1".repeat(32);
        let config = CookieConfig::default().hardened();
        let blank = |text: &str| text.chars().all(|c| c == ' ' || c == '\t');
        for (cookie, around) in [
            (format!("x=y;{before}{}{after}={token}", config.session), [&before, &after]),
            (format!("x=y;{}={before}{token}{after}", config.session), [&before, &after]),
        ] {
            let headers = lines(&[cookie.into_bytes()]);
            let found = Cookies { headers: &headers, config: &config }.sessions();
            let is_own = around.iter().all(|text| blank(text)) && !headers.is_empty();
            prop_assert_eq!(found.len(), usize::from(is_own));
        }
    }
}
