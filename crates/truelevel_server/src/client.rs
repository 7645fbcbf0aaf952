//! From where a request comes: the other end of the connection, or whom a named proxy asks for.

use std::net::IpAddr;

use axum::http::HeaderMap;
use truelevel_engine::config::Network;

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The address that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client(pub(crate) IpAddr);

/// Reads `X-Forwarded-For` from its end, as long as what stands there was written by a named proxy.
pub(crate) fn client(peer: Peer, headers: &HeaderMap, proxies: &[Network]) -> Client {
    let is_named = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    let mut client = peer.0.to_canonical();
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    let mut told = lines.iter().flat_map(|line| line.split(',')).rev();
    while is_named(client) {
        match told.next().and_then(|address| address.trim().parse::<IpAddr>().ok()) {
            Some(before) => client = before.to_canonical(),
            None => break,
        }
    }
    Client(client)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_named_proxies_are_believed() {
        let proxies: Vec<Network> = ["10.0.0.0/8", "::1"].iter().map(|text| text.parse().unwrap()).collect();
        let check = |peer: &str, told: &[&'static str], expected: &str| {
            let mut headers = HeaderMap::new();
            for line in told {
                headers.append("x-forwarded-for", HeaderValue::from_static(line));
            }
            let found = client(Peer(peer.parse().unwrap()), &headers, &proxies);
            assert_eq!(found, Client(expected.parse().unwrap()), "{peer} {told:?}");
        };
        check("203.0.113.5", &["198.51.100.1"], "203.0.113.5");
        check("10.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1");
        // What stands before the first that is not named, anybody may have written.
        check("10.0.0.1", &["127.0.0.1, 198.51.100.1, 10.2.3.4"], "198.51.100.1");
        check("10.0.0.1", &["198.51.100.1", "10.2.3.4"], "198.51.100.1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["nobody"], "10.0.0.1");
        check("::1", &["2001:db8::7"], "2001:db8::7");
    }
}
