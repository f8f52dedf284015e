//! What may happen, and which version each BFF may answer with.

/// The BFFs. The last one asks a service for its smoke request and for everything else.
pub const BFFS: [&str; 3] = ["one", "two", "three"];
pub const ASKS: usize = 2;

/// Numbers of a seed (splitmix64).
pub struct Random(pub u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// An action on the BFF with this index, or on all.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// A good component replaces the file.
    Good(usize),
    /// A file without a component replaces it.
    Nonsense(usize),
    /// A component that fails its smoke request replaces it.
    Failing(usize),
    /// Half of a good component is written over the file.
    Half(usize),
    /// A good component is written over the file in this number of pieces.
    Slow(usize, usize),
    /// The service of the smoke request fails from now on, or is well again.
    Smoke,
    /// SIGHUP with another configuration.
    Reload,
    /// SIGHUP with an invalid one.
    BadReload,
    /// The disk of the data directory is full, or has room again.
    Disk,
    /// A good component comes while no file can be opened.
    NoFiles(usize),
    /// kill -9, and a new start.
    Kill,
    /// SIGTERM, and a new start.
    Stop,
}

impl Action {
    pub fn draw(random: &mut Random) -> Self {
        let bff = random.below(BFFS.len() as u64) as usize;
        match random.below(20) {
            0..=4 => Self::Good(bff),
            5 | 6 => Self::Nonsense(bff),
            7 => Self::Failing(bff),
            8 | 9 => Self::Half(bff),
            10 | 11 => Self::Slow(bff, 2 + random.below(4) as usize),
            12 => Self::Smoke,
            13 => Self::Reload,
            14 => Self::BadReload,
            15 => Self::Disk,
            16 => Self::NoFiles(bff),
            17 | 18 => Self::Kill,
            _ => Self::Stop,
        }
    }
}

/// The state of one BFF.
#[derive(Clone, Debug)]
pub struct State {
    /// The version that it answered with last.
    pub live: u32,
    /// The version in its file; `None` when that is invalid.
    pub file: Option<u32>,
    /// The version that the disk has noted as its last good one, at the last breakdown.
    pub noted: u32,
    /// The host was started since the BFF's last request.
    pub restarted: bool,
}

/// The state of all.
#[derive(Debug)]
pub struct Model {
    pub bffs: [State; 3],
    pub newest: u32,
    pub service_fails: bool,
    pub disk_full: bool,
}

impl Default for Model {
    fn default() -> Self {
        let first = State {
            live: 1,
            file: Some(1),
            noted: 1,
            restarted: false,
        };
        Self {
            bffs: [first.clone(), first.clone(), first],
            newest: 1,
            service_fails: false,
            disk_full: false,
        }
    }
}

impl Model {
    /// A new version.
    pub fn next(&mut self) -> u32 {
        self.newest += 1;
        self.newest
    }

    /// The next version of a BFF, `None` when it keeps its own.
    pub fn target(&self, bff: usize) -> Option<u32> {
        let state = &self.bffs[bff];
        // What was live needs no smoke request.
        let held = bff == ASKS && self.service_fails && state.file != Some(state.live);
        state.file.filter(|_| !held)
    }

    /// Whether a BFF may answer with a version now.
    pub fn allows(&self, bff: usize, version: u32) -> bool {
        let state = &self.bffs[bff];
        // After a start, only versions that could not be stored are lost.
        let kept = state.restarted && version == state.noted;
        version == state.live || kept || self.target(bff) == Some(version)
    }
}
