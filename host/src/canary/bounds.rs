//! How much worse the candidate may be, as far as the counts can say.

/// The probability that a bound is wrong, on its side.
const DOUBT: f64 = 0.05;

/// Bad requests of how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) bad: u64,
    pub(super) of: u64,
}

impl Rate {
    fn mean(self) -> f64 {
        self.bad as f64 / self.of.max(1) as f64
    }

    /// Without a bad one, the rule of three: 3 of the number of requests.
    fn upper(self) -> f64 {
        expected(self.bad, DOUBT) / self.of.max(1) as f64
    }

    fn lower(self) -> f64 {
        match self.bad.checked_sub(1) {
            Some(fewer) => expected(fewer, 1.0 - DOUBT) / self.of.max(1) as f64,
            None => 0.0,
        }
    }
}

/// The upper bound of the candidate's rate less the stable version's, from the bounds of both
/// (Zou and Donner's MOVER).
pub(super) fn extra_rate(candidate: Rate, stable: Rate) -> f64 {
    if candidate.of == 0 {
        return 1.0;
    }
    let above = candidate.upper() - candidate.mean();
    let below = stable.mean() - stable.lower();
    (candidate.mean() - stable.mean() + above.hypot(below)).min(1.0)
}

/// The expected count at which at most this many are seen with this probability: the exact bound of
/// a Poisson distribution up to 400, and its normal approximation in cubes (Wilson and Hilferty)
/// above.
fn expected(seen: u64, probability: f64) -> f64 {
    if seen > 400 {
        let degrees = (seen + 1) as f64;
        let z = if probability < 0.5 {
            1.644_854
        } else {
            -1.644_854
        };
        return degrees * (1.0 - 1.0 / (9.0 * degrees) + z / (3.0 * degrees.sqrt())).powi(3);
    }
    let (mut low, mut high) = (0.0, 2.0 * seen as f64 + 20.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_most(seen, middle) > probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The probability of at most `seen` where `expected` are expected.
fn at_most(seen: u64, expected: f64) -> f64 {
    let mut log = -expected;
    let mut sum = log.exp();
    for it in 1..=seen {
        log += (expected / it as f64).ln();
        sum += log.exp();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) {
        assert!((left - right).abs() < 1e-3, "{left} is not {right}");
    }

    #[test]
    fn bounds_are_those_of_the_tables() {
        close(expected(0, 0.05), 2.9957);
        close(expected(1, 0.05), 4.7439);
        close(expected(10, 0.05), 16.9622);
        close(expected(9, 0.95), 5.4254);
        // Where the two ways meet.
        assert!((expected(401, 0.05) / expected(400, 0.05) - 1.0).abs() < 0.005);
        assert!((expected(401, 0.95) / expected(400, 0.95) - 1.0).abs() < 0.005);
    }

    #[test]
    fn nothing_bad_in_300_requests_bounds_the_rate_by_one_percent() {
        let none = |of| Rate { bad: 0, of };
        close(extra_rate(none(300), none(2_700)), 0.01);
        close(extra_rate(none(0), none(2_700)), 1.0);
        close(extra_rate(none(3_000), none(0)), 0.001);
    }

    #[test]
    fn what_the_stable_version_has_too_is_not_extra() {
        let candidate = Rate {
            bad: 500,
            of: 10_000,
        };
        let stable = Rate {
            bad: 4_500,
            of: 90_000,
        };
        let extra = extra_rate(candidate, stable);
        assert!((0.0..0.005).contains(&extra), "{extra}");
    }
}
