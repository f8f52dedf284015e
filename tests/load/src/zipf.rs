//! Numbers in which a few are frequent and many are rare, as users are.

/// Draws from `0..count`, the number at place `n` with a weight of `1 / (n + 1)^exponent`. The same
/// in every run.
pub struct Zipf {
    /// The sums of the weights up to each number, the last being 1.
    sums: Vec<f64>,
    state: u64,
}

impl Zipf {
    /// A sequence of its own for each seed.
    pub fn new(count: usize, exponent: f64, seed: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let weights = (1..=count).map(|place| (place as f64).powf(-exponent));
        let mut sum = 0.0;
        let mut sums: Vec<f64> = weights
            .map(|weight| {
                sum += weight;
                sum
            })
            .collect();
        for share in &mut sums {
            *share /= sum;
        }
        Self { sums, state: seed }
    }

    /// The next number.
    pub fn draw(&mut self) -> usize {
        // The finaliser of splitmix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        #[expect(
            clippy::cast_precision_loss,
            reason = "53 bits are kept, which is exact"
        )]
        let share = (mixed >> 11) as f64 / (1_u64 << 53) as f64;
        let found = self.sums.partition_point(|sum| *sum <= share);
        found.min(self.sums.len().saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_drawn_most_often_and_as_often_as_their_weight_says() {
        let mut zipf = Zipf::new(100, 1.0, 7);
        let mut counts = [0_u32; 100];
        for _ in 0..100_000 {
            counts[zipf.draw()] += 1;
        }
        // The sum of 1/n for n up to 100 is 5.187.
        for (place, expected) in [(0, 19_278.0), (1, 9_639.0), (9, 1_928.0)] {
            let found = f64::from(counts[place]);
            assert!((found / expected - 1.0).abs() < 0.1, "{place}: {found}");
        }
        assert!(counts.iter().all(|count| *count > 0));
    }

    #[test]
    fn a_seed_gives_the_same_sequence_again() {
        let draw = |seed| {
            let mut zipf = Zipf::new(1000, 1.1, seed);
            [(); 20].map(|()| zipf.draw())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
