//! CI systems whose jobs get tokens: whether their rules let in nobody by mistake.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use crate::config::field::{Field, Located};
use crate::config::raw::{RawCi, RawCiRule};
use crate::config::units::ms;
use crate::config::{CiAlgorithm, CiIssuer, CiKeys, CiRule, ClaimPattern};

/// Rules of one CI system.
const MAX_RULES: usize = 100;
/// Tokens for jobs of one CI system, of all teams: the default for each of its rules.
const MAX_TOKENS: usize = 10_000;
/// Claims of one rule.
const MAX_CLAIMS: usize = 16;

/// Claims that say whose the code is that runs. At a CI system that anybody may use, all others are
/// what anybody chooses.
const OWNERS: [&str; 8] = [
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "project_path",
    "project_id",
    "namespace_path",
    "namespace_id",
];

/// How a subject begins that says whose code runs. Some systems let a repository choose which
/// claims its subject is made of, so that any other beginning may be anybody's.
const SUBJECTS: [&str; 11] = [
    "repo:",
    "repository:",
    "repository_id:",
    "repository_owner:",
    "repository_owner_id:",
    "project_path:",
    "project_id:",
    "namespace_path:",
    "namespace_id:",
    "organization:",
    "org:",
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
    check_tokens(raw, cx);
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

/// Each request reads the tokens, so that they have a bound of all teams together.
fn check_tokens(raw: &RawCi, cx: &mut Context<'_>) {
    let teams = raw.rules.iter().filter_map(|rule| rule.team.written());
    let teams: BTreeSet<&String> = teams.map(|at| &at.value).collect();
    if let Some(at) = raw.max_tokens.written()
        && at.value.saturating_mul(teams.len()) > MAX_TOKENS
    {
        let count = teams.len();
        let what =
            format!("each of {count} teams could have as many, more than {MAX_TOKENS} in all");
        cx.report(at, what, format!("write at most {}", MAX_TOKENS / count));
    }
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
    if let Some(at) = raw.team.written()
        && CiRule::RESERVED_TEAMS.contains(&&*at.value)
    {
        let what = format!("{:?} is the name of others in the history", at.value);
        cx.report(at, what, "name the team");
    }
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
    let (owners, subjects) = (OWNERS.join(", "), SUBJECTS.join(", "));
    let way_out = match claims.iter().any(|(name, _)| name == "sub") {
        true => format!("begin sub with one of {subjects} and an owner, or add one of {owners}"),
        false => format!(
            "write one of {owners}, whole or with its * behind the owner and a /, or a sub that \
             begins with repo: or the like"
        ),
    };
    cx.report(list, what, way_out);
}

/// Whether a claim can be of one owner alone.
fn names_owner(name: &str, pattern: &ClaimPattern) -> bool {
    let (start, is_whole) = pattern.start();
    if name == "sub" {
        let owner = SUBJECTS.iter().find_map(|it| start.strip_prefix(it));
        return owner.is_some_and(|owner| match is_whole {
            true => !owner.is_empty(),
            // The star stands for a part behind the owner.
            false => owner.find(['/', ':']).is_some_and(|at| at > 0),
        });
    }
    OWNERS.contains(&name) && (is_whole || start.contains('/'))
}
