//! Numbers that look random and are the same on every machine for the same seed.

/// SplitMix64 (Steele, Lea and Flood, 2014): small, quick and good enough to make up an organisation.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A stream of its own for each thing of a kind: what is made up of one does not change another.
    pub const fn of(seed: u64, kind: u64, number: u64) -> Self {
        let mut stream = Self(seed ^ kind.rotate_left(24) ^ number.rotate_left(48));
        stream.0 = stream.next().wrapping_add(number);
        stream
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Between 0 and 1, never 1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True in this share of cases.
    pub fn happens(&mut self, share: f64) -> bool {
        self.share() < share
    }

    /// Between two numbers.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// Log-normal with this median and spread (Box and Muller, 1958).
    pub fn around(&mut self, median: f64, spread: f64) -> f64 {
        let (first, second) = (1.0 - self.share(), self.share());
        let normal = (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos();
        median * (spread * normal).exp()
    }

    /// Poisson with this mean (Knuth's product of shares), for small means.
    pub fn count(&mut self, mean: f64) -> u32 {
        let (limit, mut product, mut count) = ((-mean).exp(), self.share(), 0);
        while product > limit {
            product *= self.share();
            count += 1;
        }
        count
    }

    /// Twenty bytes.
    pub fn bytes(&mut self) -> [u8; 20] {
        let mut bytes = [0; 20];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn draws_have_the_moments_they_are_asked_for() {
        let mut random = Random::of(1, 2, 3);
        let mut draws: Vec<f64> = (0..10_001).map(|_| random.around(40.0, 0.8)).collect();
        draws.sort_by(f64::total_cmp);
        assert!((draws[5000] / 40.0 - 1.0).abs() < 0.05, "{}", draws[5000]);
        let mean = (0..10_000).map(|_| f64::from(random.count(2.5))).sum::<f64>() / 10_000.0;
        assert!((mean - 2.5).abs() < 0.1, "{mean}");
        let share = (0..10_000).filter(|_| random.happens(0.3)).count();
        assert!((2800..3200).contains(&share), "{share}");
    }

    #[test]
    fn streams_are_the_same_for_the_same_seed_and_differ_for_others() {
        assert_eq!(Random::of(1, 1, 1).next(), Random::of(1, 1, 1).next());
        assert_ne!(Random::of(1, 1, 1).next(), Random::of(1, 1, 2).next());
        assert_ne!(Random::of(1, 1, 1).next(), Random::of(2, 1, 1).next());
    }
}
