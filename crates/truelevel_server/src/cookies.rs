//! Cookies: the session's, and the one that ties a sign-in to the browser that began it.

use axum::http::{HeaderMap, HeaderValue, header};
use truelevel_engine::config::SignInConfig;

/// The cookie of a session. Over TLS its name binds it to this host alone.
pub(crate) fn session_name(config: &SignInConfig) -> &'static str {
    if config.is_secure() { "__Host-truelevel" } else { "truelevel" }
}

/// The cookie of a sign-in under way.
pub(crate) fn sign_in_name(config: &SignInConfig) -> &'static str {
    if config.is_secure() { "__Host-truelevel-sign-in" } else { "truelevel-sign-in" }
}

/// The value of a cookie; none when it is there twice, because then one of them is not ours.
pub(crate) fn find<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut values = all.flat_map(|value| value.split(';')).filter_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name).then_some(value)
    });
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// What sets a cookie for some seconds; for none, it is taken away. No script and no other site can use it.
pub(crate) fn set(config: &SignInConfig, name: &str, value: &str, seconds: u64) -> Option<HeaderValue> {
    let secure = if config.is_secure() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_once() {
        let check = |headers: &[&'static str], expected: Option<&str>| {
            let mut map = HeaderMap::new();
            for value in headers {
                map.append(header::COOKIE, HeaderValue::from_static(value));
            }
            assert_eq!(find(&map, "truelevel"), expected, "{headers:?}");
        };
        check(&["a=b; truelevel=x=y; c=d"], Some("x=y"));
        check(&["a=b", "truelevel=x"], Some("x"));
        check(&["nottruelevel=x; Truelevel=y"], None);
        check(&["truelevel=x; truelevel=y"], None);
        check(&["truelevel"], None);
        check(&[], None);
    }
}
