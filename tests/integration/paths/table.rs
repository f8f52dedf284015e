//! The table of hostile paths.

/// A path, and whether it is refused.
pub fn rows() -> impl Iterator<Item = (&'static str, bool)> {
    let lines = include_str!("hostile.txt").lines();
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| {
            let (path, becomes) = line.split_once('\t')?;
            Some((path, becomes == "refused"))
        })
}
