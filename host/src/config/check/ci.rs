//! CI systems whose jobs get tokens: whether their rules let in nobody by mistake.

use std::collections::BTreeMap;

use super::Context;
use crate::config::field::{Field, Located};
use crate::config::raw::{RawCi, RawCiRule};
use crate::config::units::ms;
use crate::config::{CiAlgorithm, CiIssuer, CiKeys, CiRule, ClaimPattern};

/// Rules of one CI system.
const MAX_RULES: usize = 100;
/// Claims of one rule.
const MAX_CLAIMS: usize = 16;

/// Claims that say whose the code is that runs. At a CI system that anybody may use, all others are
/// what anybody chooses.
const OWNERS: [&str; 9] = [
    "sub",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "project_path",
    "project_id",
    "namespace_path",
    "namespace_id",
];

/// How a subject begins that says nothing of whose code runs: some systems let a repository choose
/// which claims its subject is made of.
const ANYBODYS: [&str; 11] = [
    "actor",
    "base_ref",
    "context",
    "environment",
    "event_name",
    "head_ref",
    "job_workflow_ref",
    "pull_request",
    "ref",
    "ref_type",
    "workflow",
];

/// Claims that the host looks at itself.
const OWN: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];

pub(super) fn check(cx: &mut Context<'_>) -> BTreeMap<String, CiIssuer> {
    let file = cx.file;
    let all = &file.releases.ci;
    if let Some(first) = all.first()
        && !file.admin.tokens.or(false)
    {
        let what = "the admin listener asks for no token, so that a job needs none";
        cx.report_at(&first.place, what, "write admin.tokens = true");
    }
    for (index, raw) in all.iter().enumerate() {
        if let Some(at) = raw.issuer.written()
            && all[..index]
                .iter()
                .filter_map(|it| it.issuer.written())
                .any(|earlier| earlier.value == at.value)
        {
            let what = format!("{:?} is there twice", at.value);
            cx.report(at, what, "write one section with the rules of both");
        }
    }
    let one = |raw: &RawCi| Some((raw.name.clone(), one(raw, cx)?));
    all.iter().filter_map(one).collect()
}

/// `None` for a section that lacks something, which is reported.
fn one(raw: &RawCi, cx: &mut Context<'_>) -> Option<CiIssuer> {
    let keys = keys(raw, cx);
    cx.check_distinct(&raw.algorithms, |it| it.name());
    if let Some(list) = raw.algorithms.written().filter(|it| it.value.is_empty()) {
        cx.report(
            list,
            "no token could be proven",
            "name one, or leave it out",
        );
    }
    let count = raw.rules.len();
    if count == 0 || count > MAX_RULES {
        let what = match count {
            0 => "without a rule, no job gets a token".to_owned(),
            _ => format!("{count} rules are more than {MAX_RULES}"),
        };
        let way_out = "write [[releases.ci.<name>.rule]] for each kind of job";
        cx.report_at(&raw.place, what, way_out);
    }
    let rules: Vec<Option<CiRule>> = raw.rules.iter().map(|it| rule(it, cx)).collect();
    Some(CiIssuer {
        issuer: raw.issuer.value()?,
        audience: raw.audience.value()?,
        keys: keys?,
        algorithms: match &raw.algorithms {
            Field::Written(_) => raw.algorithms.values(),
            _ => vec![CiAlgorithm::Rs256, CiAlgorithm::Es256],
        },
        lifetime: raw.lifetime.or(ms(900_000)),
        leeway: raw.leeway.or(ms(60_000)),
        max_age: raw.max_age.or(ms(600_000)),
        max_tokens: raw.max_tokens.or(100),
        fetch_interval: raw.fetch_interval.or(ms(60_000)),
        keys_max_age: raw.keys_max_age.or(ms(3_600_000)),
        keys_max_stale: raw.keys_max_stale.or(ms(86_400_000)),
        rules: rules.into_iter().collect::<Option<_>>()?,
    })
}

fn keys(raw: &RawCi, cx: &mut Context<'_>) -> Option<CiKeys> {
    let file = raw.keys_file.written().map(|at| cx.check_file(at));
    let ca_file = raw.ca_file.written().map(|at| cx.check_file(at));
    let url = raw.keys_url.written();
    if let Some(at) = url.filter(|at| !at.value.1) {
        let what = "who is between the two could have any job in";
        cx.report(at, what, "write https://");
    }
    for at in [raw.ca_file.written().map(|at| &at.place)]
        .into_iter()
        .chain([raw.timeout.written().map(|at| &at.place)])
        .flatten()
        .filter(|_| url.is_none())
    {
        cx.report_at(
            at,
            "there is no keys-url",
            "leave it out, or write keys-url",
        );
    }
    match (file, url) {
        (Some(file), None) => Some(CiKeys::File(file)),
        (None, Some(url)) => Some(CiKeys::Url {
            url: url.value.0.clone(),
            ca_file,
            timeout: raw.timeout.or(ms(5_000)),
        }),
        (None, None) => {
            let is_bad = raw.keys_file.is_there() || raw.keys_url.is_there();
            if !is_bad {
                let way_out = "write keys-url with the address of its keys, or keys-file";
                cx.report_missing(&raw.place, "keys-url", way_out);
            }
            None
        }
        (Some(_), Some(url)) => {
            let what = "the keys would be in two places";
            cx.report(url, what, "write keys-url or keys-file");
            None
        }
    }
}

fn rule(raw: &RawCiRule, cx: &mut Context<'_>) -> Option<CiRule> {
    let claims = claims(raw, cx);
    cx.check_distinct(&raw.bffs, Clone::clone);
    cx.check_distinct(&raw.scopes, |it| *it);
    let file = cx.file;
    for at in raw.bffs.items() {
        if !file.bffs.iter().any(|bff| bff.name == at.value) {
            let what = format!("there is no BFF {:?}", at.value);
            cx.report(at, what, "name one of this file");
        }
    }
    Some(CiRule {
        claims: claims?,
        team: raw.team.value()?,
        bffs: raw.bffs.values(),
        scopes: raw.scopes.values(),
    })
}

fn claims(raw: &RawCiRule, cx: &mut Context<'_>) -> Option<Vec<(String, ClaimPattern)>> {
    let way_out = "write for example claims = { repository = \"acme/watch\", ref = \
                   \"refs/heads/main\" }";
    let list = match &raw.claims {
        Field::Absent => {
            cx.report_missing(&raw.place, "claims", way_out);
            return None;
        }
        Field::Bad => return None,
        Field::Written(list) => list,
    };
    if list.value.len() > MAX_CLAIMS {
        let what = format!("{} claims are more than {MAX_CLAIMS}", list.value.len());
        cx.report(list, what, "leave some out");
    }
    let mut claims = Vec::new();
    for at in &list.value {
        let (name, text) = &at.value;
        if OWN.contains(&&**name) {
            let what = "the host looks at this claim itself";
            cx.report(at, what, "leave it out here");
        }
        match ClaimPattern::read(text) {
            Some(pattern) => claims.push((name.clone(), pattern)),
            None => cx.report(
                at,
                format!("{text:?} is empty, or has more than one *"),
                "write the whole value, or one * for a part between two / or :",
            ),
        }
    }
    check_owner(list, &claims, cx);
    Some(claims)
}

/// Reports a rule that a repository of anybody could fit.
fn check_owner<T>(list: &Located<T>, claims: &[(String, ClaimPattern)], cx: &mut Context<'_>) {
    if claims
        .iter()
        .any(|(name, pattern)| names_owner(name, pattern))
    {
        return;
    }
    let what = "no claim says whose repository the job is of, so that anybody's could fit";
    let way_out = format!(
        "write one of {} whole, or with its * behind the owner and a /",
        OWNERS.join(", ")
    );
    cx.report(list, what, way_out);
}

/// Whether a claim can be of one owner alone.
fn names_owner(name: &str, pattern: &ClaimPattern) -> bool {
    let (start, is_whole) = pattern.start();
    let is_anybodys = name == "sub"
        && start
            .split(':')
            .next()
            .is_some_and(|first| ANYBODYS.contains(&first));
    OWNERS.contains(&name) && (is_whole || start.contains('/')) && !is_anybodys
}
