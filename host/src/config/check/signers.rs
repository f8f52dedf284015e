//! The signers of a BFF's components.

use super::Context;
use crate::config::field::Field;
use crate::config::raw::RawBff;
use crate::signature::Signer;

/// Signers of one BFF. Each is a person or a machine that releases.
const MOST: usize = 16;

pub(super) fn check(raw: &RawBff, cx: &mut Context<'_>) -> Vec<Signer> {
    cx.check_distinct(&raw.signers, ToString::to_string);
    let Field::Written(signers) = &raw.signers else {
        return Vec::new();
    };
    let count = signers.value.len();
    if count == 0 {
        let way_out = "name a key, or leave signers out to ask for no signature";
        cx.report(signers, "no key could sign a release", way_out);
    }
    if count > MOST {
        let what = format!("{count} keys are more than {MOST}");
        cx.report(signers, what, format!("keep at most {MOST}"));
    }
    if matches!(raw.component, Field::Written(_)) && matches!(raw.releases, Field::Absent) {
        let what = "signatures are those of releases, and this BFF has a component file";
        let way_out = "write releases = true in place of component, or leave signers out";
        cx.report(signers, what, way_out);
    }
    raw.signers.values()
}
