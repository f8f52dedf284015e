//! Components that are released, and their shadows.

use super::Context;
use crate::config::raw::{RawReleases, RawShadow};
use crate::config::{Releases, Shadow};

pub(super) fn check(raw: &RawReleases, cx: &mut Context<'_>) -> Releases {
    let default = Releases::default();
    Releases {
        keep: raw.keep.or(default.keep),
        keep_linked: raw.keep_linked.or(default.keep_linked),
        uploads: raw.uploads.or(default.uploads),
        upload_timeout: raw.upload_timeout.or(default.upload_timeout),
        event_streams: raw.event_streams.or(default.event_streams),
        shadow: shadow(&raw.shadow, cx),
    }
}

fn shadow(raw: &RawShadow, cx: &mut Context<'_>) -> Shadow {
    let default = Shadow::default();
    let (size, memory) = (
        raw.max_size.or(default.max_size),
        raw.memory.or(default.memory),
    );
    if size > memory
        && let Some(at) = raw.max_size.written().or(raw.memory.written())
    {
        let what = "one record may be larger than all together";
        let way_out = "give releases.shadow.memory at least releases.shadow.max-size";
        cx.report(at, what, way_out);
    }
    Shadow {
        sample: raw.sample.or(default.sample),
        cpu: raw.cpu.or(default.cpu),
        memory,
        max_size: size,
        max_duration: raw.max_duration.or(default.max_duration),
        values: raw.values.or(default.values),
    }
}
