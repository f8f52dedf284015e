//! Uploads, history, previews, registries and shadows of releases.

use super::{Context, ci};
use crate::config::field::Located;
use crate::config::raw::{RawPreview, RawRegistry, RawShadow};
use crate::config::{Preview, PreviewSite, Registry, Releases, Shadow};
use crate::preview::PreviewHost;

pub(super) fn check(cx: &mut Context<'_>) -> Releases {
    let default = Releases::default();
    let raw = &cx.file.releases;
    Releases {
        keep: raw.keep.or(default.keep),
        keep_linked: raw.keep_linked.or(default.keep_linked),
        uploads: raw.uploads.or(default.uploads),
        upload_timeout: raw.upload_timeout.or(default.upload_timeout),
        max_unreleased: raw.max_unreleased.or(default.max_unreleased),
        event_streams: raw.event_streams.or(default.event_streams),
        shadow: shadow(&raw.shadow, cx),
        preview: raw.preview.as_ref().map(|section| preview(section, cx)),
        registries: registries(&raw.registries, cx),
        ci: ci::check(cx),
    }
}

fn registries(raw: &[RawRegistry], cx: &mut Context<'_>) -> Vec<Registry> {
    let mut all: Vec<Registry> = Vec::new();
    for raw in raw {
        let host = raw.host.written();
        let same = host.and_then(|host| all.iter().find(|it| it.host == host.value));
        if let (Some(host), Some(same)) = (host, same) {
            let what = format!("releases.registry.{} has this host, too", same.name);
            cx.report(host, what, "write one section for it");
        }
        let host = host.map(|it| it.value.clone());
        all.push(registry(raw, host.unwrap_or_default(), cx));
    }
    all
}

fn registry(raw: &RawRegistry, host: String, cx: &mut Context<'_>) -> Registry {
    let values = |list: &[Located<String>]| list.iter().map(|it| it.value.clone()).collect();
    cx.check_distinct(&raw.also, Clone::clone);
    cx.check_distinct(&raw.repositories, |it| it.text().to_owned());
    let patterns = raw.repositories.items().iter();
    let credentials = raw.credentials.written();
    Registry {
        name: raw.name.clone(),
        host,
        repositories: patterns.map(|it| it.value.clone()).collect(),
        credentials: credentials.map(|at| cx.check_secret_file(at)),
        ca_file: raw.ca_file.written().map(|at| cx.check_file(at)),
        plain_http: raw.plain_http.or(false),
        also: values(raw.also.items()),
        timeout: raw.timeout.or(Registry::TIMEOUT),
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
