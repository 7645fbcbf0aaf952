//! How often one address or sender may ask: steadily so many times, and some more at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Askers that are remembered before those that rest are forgotten.
const REMEMBERED: usize = 65_536;

/// A limit for each asker, by the generic cell rate algorithm (ATM Forum, Traffic Management 4.0, section 4.4.2).
pub(crate) struct Limit<Asker> {
    /// Between two that are steadily asked.
    interval: Duration,
    /// How far ahead of that an asker may be.
    tolerance: Duration,
    /// When each would be back to rest.
    rests_at: Mutex<HashMap<Asker, Instant>>,
}

impl<Asker: Eq + Hash> Limit<Asker> {
    /// `per_second` steadily, and as many at once as come in `burst`.
    pub(crate) fn new(per_second: f64, burst: Duration) -> Self {
        let interval = Duration::from_secs_f64(1.0 / per_second);
        Self { interval, tolerance: burst, rests_at: Mutex::default() }
    }

    /// Counts one more of an asker; says in how many seconds it may come again when that is too many.
    pub(crate) fn count(&self, asker: Asker, now: Instant) -> Result<(), u32> {
        let mut all = self.rests_at.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.retain(|_, rests_at| *rests_at > now);
            if all.len() >= REMEMBERED {
                all.clear();
            }
        }
        let rests_at = all.entry(asker).or_insert(now);
        let ahead = rests_at.saturating_duration_since(now);
        if ahead > self.tolerance {
            let seconds = (ahead - self.tolerance).as_secs_f64().ceil();
            return Err((seconds as u32).max(1));
        }
        *rests_at = now.max(*rests_at) + self.interval;
        Ok(())
    }
}

/// Who asks from an address: who has one of version 6 has the 2^64 beside it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Subscriber(IpAddr);

impl From<IpAddr> for Subscriber {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
            address => address,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_too_often_is_told_when_to_come_again() {
        let limit = Limit::new(0.5, Duration::from_secs(6));
        let (start, one) = (Instant::now(), "github");
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        for _ in 0..4 {
            assert_eq!(limit.count(one, at(0)), Ok(()));
        }
        assert_eq!(limit.count(one, at(0)), Err(2));
        assert_eq!(limit.count(one, at(1)), Err(1));
        assert_eq!(limit.count("gitlab", at(1)), Ok(()), "another one");
        assert_eq!(limit.count(one, at(2)), Ok(()));
        assert_eq!(limit.count(one, at(2)), Err(2));
    }

    #[test]
    fn addresses_of_one_subscriber_count_together() {
        let limit = Limit::new(1.0, Duration::ZERO);
        let now = Instant::now();
        let count = |address: &str| limit.count(Subscriber::from(address.parse::<IpAddr>().unwrap()), now);
        assert_eq!(count("2001:db8::1"), Ok(()));
        assert!(count("2001:db8::2").is_err());
        assert_eq!(count("2001:db8:0:1::1"), Ok(()));
    }

    #[test]
    fn what_is_remembered_stays_bounded() {
        let limit = Limit::new(1.0, Duration::ZERO);
        let now = Instant::now();
        for number in 0..200_000_u32 {
            let _ = limit.count(number, now);
        }
        assert!(limit.rests_at.lock().unwrap().len() <= REMEMBERED);
    }
}
