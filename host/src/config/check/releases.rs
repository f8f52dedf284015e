//! Uploads, history, previews and shadows of releases.

use super::{Context, ci};
use crate::config::raw::{RawPreview, RawShadow};
use crate::config::{Preview, PreviewSite, Releases, Shadow};
use crate::preview::PreviewHost;

pub(super) fn check(cx: &mut Context<'_>) -> Releases {
    let default = Releases::default();
    let raw = &cx.file.releases;
    Releases {
        keep: raw.keep.or(default.keep),
        keep_linked: raw.keep_linked.or(default.keep_linked),
        uploads: raw.uploads.or(default.uploads),
        upload_timeout: raw.upload_timeout.or(default.upload_timeout),
        event_streams: raw.event_streams.or(default.event_streams),
        shadow: shadow(&raw.shadow, cx),
        preview: raw.preview.as_ref().map(|section| preview(section, cx)),
        ci: ci::check(cx),
    }
}

fn preview(raw: &RawPreview, cx: &mut Context<'_>) -> Preview {
    let default = Preview::default();
    let preview = Preview {
        site: raw.url.written().map(|at| at.value.clone()),
        writes: raw.writes.or(default.writes),
        concurrency: raw.concurrency.or(default.concurrency),
        max_loaded: raw.max_loaded.or(default.max_loaded),
        keep_loaded: raw.keep_loaded.or(default.keep_loaded),
        load_timeout: raw.load_timeout.or(default.load_timeout),
        names: raw.names.or(default.names),
        lifetime: raw.lifetime.or(default.lifetime),
        max_lifetime: raw.max_lifetime.or(default.max_lifetime),
    };
    if preview.lifetime > preview.max_lifetime
        && let Some(at) = raw.max_lifetime.written().or(raw.lifetime.written())
    {
        let what = "a name would last longer than max-lifetime where its order does not say";
        cx.report(
            at,
            what,
            "write a max-lifetime that is not less than lifetime",
        );
    }
    if let Some(site) = &preview.site {
        check_routes(site, cx);
    }
    preview
}

/// No route has the host name of a preview: it would take no request.
fn check_routes(site: &PreviewSite, cx: &mut Context<'_>) {
    let file = cx.file;
    for host in file.routes.iter().filter_map(|route| route.host.written()) {
        if PreviewHost::read(&host.value, &site.domain).is_some() {
            let what = format!("\"{}\" is the host name of a preview", host.value);
            cx.report(
                host,
                what,
                "write a name without -- before releases.preview.url",
            );
        }
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
