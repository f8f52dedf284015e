//! The source of a call, so that no single path or BFF opens the breaker for all.

use crate::downstream::window::Counts;

/// Distinct paths, by a hash.
const PATHS: usize = 32;
/// Distinct BFFs, by their number.
const CALLERS: usize = 4;
/// A cell for each path of each BFF, and one for failures that have nothing to do with either.
pub(super) const CELLS: usize = PATHS * CALLERS + 1;

/// The BFF and the path of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source(u8);

impl Source {
    /// The source of a failure before anything was sent: any other call would fail as well.
    pub(super) const ANY: Self = Self((CELLS - 1) as u8);

    /// The source of a call, given the hash of its path and the number of its BFF.
    pub const fn new(path: u64, caller: usize) -> Self {
        let path = (path % PATHS as u64) as usize;
        Self((path * CALLERS + caller % CALLERS) as u8)
    }

    pub(super) fn cell(self) -> usize {
        self.0.into()
    }
}

/// Whether the failures are not those of one path or one BFF: without any one of them, the other
/// calls still fail at half the rate at least. True without other calls.
pub(super) fn concerns_all(
    cells: &[Counts; CELLS],
    wrong: impl Fn(&Counts) -> u32,
    rate: u32,
) -> bool {
    let sum = |cells: &mut dyn Iterator<Item = Counts>| cells.fold(Counts::default(), Counts::and);
    let all = sum(&mut cells.iter().copied());
    let concerns_others = |one: Counts| {
        let others = all.without(one);
        let wrong = u64::from(wrong(&others));
        let calls = u64::from(others.calls);
        calls == 0 || wrong > 0 && wrong * 200 >= u64::from(rate) * calls
    };
    let of_sources = &cells[..CELLS - 1];
    let mut paths = of_sources.chunks(CALLERS);
    paths.all(|path| concerns_others(sum(&mut path.iter().copied())))
        && (0..CALLERS).all(|caller| {
            let own = of_sources.iter().skip(caller).step_by(CALLERS);
            concerns_others(sum(&mut own.copied()))
        })
}
