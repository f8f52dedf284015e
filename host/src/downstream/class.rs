//! The class of a call, computed once: the rule that applies to it, and whether it may change
//! something.

use http::Method;

use super::policy::pattern::matches;
use crate::config::{Downstream, Policy};

/// The class of a call, valid only with the settings of its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallClass {
    /// The index of its rule; `None` where the service's own policy applies.
    pub rule: Option<usize>,
    /// What it does to the service.
    pub effect: Effect,
}

/// What a call does to its service (RFC 9110 section 9.2.1). Storing, sharing, retries and
/// invalidation all use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing, and what it reads may be stored: GET.
    Read,
    /// The same, selected by its body: POST, where the operator lists it.
    Query,
    /// Nothing, and the response has no body: HEAD.
    Head,
    /// Nothing either, but the response is not about the target alone: OPTIONS.
    Safe,
    /// It may change something.
    Write,
}

impl CallClass {
    /// The class of a call. `path` is the BFF's own: without the service's prefix and without a
    /// query.
    pub fn of(settings: &Downstream, method: &Method, path: &str, body: &[u8]) -> Self {
        let mut rules = settings.rules.iter();
        let is_listed = || {
            let mut reads = settings.reads.iter();
            reads.any(|read| matches(read, method, path))
        };
        let is_query = *method == Method::POST && is_listed() && !is_graphql_mutation(body);
        Self {
            rule: rules.position(|rule| matches(&rule.pattern, method, path)),
            effect: match is_query {
                true => Effect::Query,
                false => Effect::of(method),
            },
        }
    }

    /// How a call of this class is made.
    pub fn policy(self, settings: &Downstream) -> &Policy {
        let rule = self.rule.and_then(|rule| settings.rules.get(rule));
        rule.map_or(&settings.policy, |rule| &rule.policy)
    }
}

impl Effect {
    /// The effect of a method.
    pub fn of(method: &Method) -> Self {
        match *method {
            Method::GET => Self::Read,
            Method::HEAD => Self::Head,
            _ if method.is_safe() => Self::Safe,
            _ => Self::Write,
        }
    }

    /// Whether its response may be stored, and whether it is hedged.
    pub fn is_read(self) -> bool {
        matches!(self, Self::Read | Self::Query)
    }

    /// Whether equal ones are coalesced, and whether it is retried as GET is.
    pub fn is_like_get(self) -> bool {
        matches!(self, Self::Read | Self::Query | Self::Head)
    }

    /// Whether it changes nothing.
    pub fn is_safe(self) -> bool {
        self != Self::Write
    }
}

/// Whether a body may be a mutation of GraphQL over HTTP, or a subscription: JSON with a member
/// `query`, in which one of these words stands by itself. Clients send them to the path of the
/// queries. A false positive costs a call; a missed mutation would be repeated.
fn is_graphql_mutation(body: &[u8]) -> bool {
    let holds = |word: &str| words(body).any(|it| it == word.as_bytes());
    holds("query") && (holds("mutation") || holds("subscription"))
}

/// The names in a text, as GraphQL spells them (its specification of October 2021, section 2.1.9),
/// escapes of JSON left out: what follows a backslash is no part of a name.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut escaped = false;
    text.split(move |byte| {
        let in_name = byte.is_ascii_alphanumeric() || *byte == b'_';
        let ends = !in_name || escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_do_what_rfc_9110_says() {
        for (method, read, like_get, safe) in [
            (Method::GET, true, true, true),
            (Method::HEAD, false, true, true),
            (Method::OPTIONS, false, false, true),
            (Method::POST, false, false, false),
            (Method::PUT, false, false, false),
            (Method::PATCH, false, false, false),
            (Method::DELETE, false, false, false),
        ] {
            let effect = Effect::of(&method);
            let is = (effect.is_read(), effect.is_like_get(), effect.is_safe());
            assert_eq!(is, (read, like_get, safe), "{method}");
        }
        let query = Effect::Query;
        assert!(query.is_read() && query.is_like_get() && query.is_safe());
    }

    #[test]
    fn the_first_rule_that_fits_holds_and_only_listed_posts_are_reads() {
        let text = "bff.b.component = \"Cargo.toml\"\nroute = [{ bff = \"b\" }]\n\
                    [downstream.s]\nurl = \"http://localhost\"\nread = [\"POST /graphql\"]\n\
                    [[downstream.s.rule]]\ncall = \"GET /a/b\"\n\
                    [[downstream.s.rule]]\ncall = \"* /a/**\"\n";
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tailor.toml");
        let config = crate::config::parse(text, here.as_ref());
        let config = config.unwrap_or_else(|error| panic!("{error}"));
        let settings = &config.downstreams["s"];
        for (method, path, rule, effect) in [
            (Method::GET, "/a/b", Some(0), Effect::Read),
            (Method::HEAD, "/a/b", Some(0), Effect::Head),
            (Method::POST, "/a/b", Some(1), Effect::Write),
            (Method::GET, "/a", Some(1), Effect::Read),
            (Method::GET, "/graphql", None, Effect::Read),
            (Method::POST, "/graphql", None, Effect::Query),
            (Method::PUT, "/graphql", None, Effect::Write),
            (Method::POST, "/graphql/x", None, Effect::Write),
        ] {
            let class = CallClass::of(settings, &method, path, b"{}");
            assert_eq!(class, CallClass { rule, effect }, "{method} {path}");
        }
    }

    #[test]
    fn a_mutation_of_graphql_is_no_read_wherever_it_is_sent() {
        for (body, is) in [
            (r#"{"query":"mutation { add(n: 1) }"}"#, true),
            (r#"{"query":"query A { a }\nmutation B { b }"}"#, true),
            (
                r#"{"operationName":"B","query":"\tsubscription B{b}"}"#,
                true,
            ),
            (r#"[{"query":"{ a }"},{"query":"mutation{b}"}]"#, true),
            (r#"{"query":"{ mutations { id } mutation_of }"}"#, false),
            (
                r#"{"query":"{ a }","variables":{"x":"my_mutation"}}"#,
                false,
            ),
            (r#"{"text":"mutation of a gene"}"#, false),
            (r#"{"query":"query A { a }"}"#, false),
            ("", false),
        ] {
            assert_eq!(is_graphql_mutation(body.as_bytes()), is, "{body}");
        }
    }
}
