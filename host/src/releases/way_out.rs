//! The steps at which a release is refused, and the way out of each: what its author, or the
//! operator, does next. Documents have it as `fix`.

use std::borrow::Cow;

/// Where a release ended that is not live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is larger than components may be.
    Size,
    /// Its bytes are not there, or others than they should be.
    Digest,
    /// No signer has signed it, or it is an older one.
    Signature,
    /// It is no component.
    Form,
    /// It does not fit the contract, or cannot be linked.
    World,
    /// It asks for what no BFF gets.
    Grants,
    /// It does not compile, or takes too much for that.
    Compile,
    /// It begins with more memory than the BFF has.
    Limits,
    /// Its smoke request was not answered as it should be.
    Smoke,
    /// It reaches further than what is live.
    Consent,
    /// Another order has overtaken it.
    Superseded,
    /// Something else is live than its order expects.
    ExpectLive,
    /// A rule has rolled its component back before.
    Held,
    /// A rule has ended its trial.
    Gate,
    /// The BFF has too many previews.
    Preview,
    /// The BFF is gone from the configuration, or has a file.
    Config,
    /// The store did not do as it was told.
    Store,
    /// The host failed.
    Host,
}

/// What stands between a reason and its way out, where one text has both.
const BETWEEN: &str = "; ";
/// The way out where nothing better is known.
const LOOK: &str = "look at the host's log, which has more of it, and send the order again";

impl Step {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Size,
        Self::Digest,
        Self::Signature,
        Self::Form,
        Self::World,
        Self::Grants,
        Self::Compile,
        Self::Limits,
        Self::Smoke,
        Self::Consent,
        Self::Superseded,
        Self::ExpectLive,
        Self::Held,
        Self::Gate,
        Self::Preview,
        Self::Config,
        Self::Store,
        Self::Host,
    ];

    /// Its name in the journal and in documents, which never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Digest => "digest",
            Self::Signature => "signature",
            Self::Form => "form",
            Self::World => "world",
            Self::Grants => "grants",
            Self::Compile => "compile",
            Self::Limits => "limits",
            Self::Smoke => "smoke",
            Self::Consent => "consent",
            Self::Superseded => "superseded",
            Self::ExpectLive => "expect-live",
            Self::Held => "held",
            Self::Gate => "gate",
            Self::Preview => "preview",
            Self::Config => "config",
            Self::Store => "store",
            Self::Host => "host",
        }
    }

    /// The step of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// Whether the host writes the reasons of this step with their way out at the end. Those of the
    /// others have texts of compilers, services and guests in them.
    fn is_said_by_reason(self) -> bool {
        match self {
            Self::Size
            | Self::Digest
            | Self::Signature
            | Self::Limits
            | Self::Consent
            | Self::Superseded
            | Self::ExpectLive
            | Self::Held
            | Self::Preview
            | Self::Store => true,
            Self::Form
            | Self::World
            | Self::Grants
            | Self::Compile
            | Self::Smoke
            | Self::Gate
            | Self::Config
            | Self::Host => false,
        }
    }

    /// The way out of a reason that does not say it.
    fn way_out(self, reason: &str) -> &'static str {
        match self {
            Self::Size => "make the component smaller, or have engine.max-component-size raised",
            Self::Digest => "upload the component again, and release it again",
            Self::Signature => "sign the component with `tailor sign`, and release it again",
            Self::Form => {
                "release the .wasm file of a component, as `tailor build` writes it; `tailor \
                 inspect` says what a file is"
            }
            Self::World => {
                "build it with the contract of this host's version (`tailor kit` writes it); \
                 `tailor inspect` says whether a component may be loaded"
            }
            Self::Grants => {
                "leave the import out, and call services of the configuration in its place; \
                 `tailor inspect` lists what a component imports"
            }
            Self::Compile if reason.contains("; engine.compile-") => {
                "make the component smaller, or have the operator raise the limit that the reason \
                 names"
            }
            Self::Compile if reason.contains(" of machine code") => {
                "make the component smaller: optimize it for size, and leave out what it does not \
                 use"
            }
            Self::Compile if reason.contains("does not compile") => {
                "build the component again, with the compiler's own output valid; `tailor inspect` \
                 compiles it as the host does"
            }
            Self::Compile => {
                "release it again: the compiler of the host failed, not the component; if it does \
                 so again, look at the host's log and memory"
            }
            Self::Limits => "give the component less memory, or have limits.memory raised",
            Self::Smoke => {
                "mend the component, or what the smoke request of the BFF expects; `tailor call` \
                 runs a fixture without a host"
            }
            Self::Consent => "have the operator release it with the consent of the difference",
            Self::Superseded => "release it again, if it is to go live after the newer one",
            Self::ExpectLive => "look at what is live, and release it with that in expect_live",
            Self::Held => "mend it, or release it with \"again\" (`tailor deploy --again`) and why",
            Self::Gate => {
                "look at its evidence, which has the counts and ids of requests for the log; mend \
                 it, or release it with \"again\" (`tailor deploy --again`) and why"
            }
            Self::Preview => "end a preview that is not needed, and order this one again",
            Self::Config => {
                "give the BFF releases = true in the configuration, and release it again"
            }
            Self::Store | Self::Host => LOOK,
        }
    }
}

/// The reason of a refusal at this step without its way out, and the way out, which is never empty.
pub fn way_out<'a>(step: &str, reason: &'a str) -> (&'a str, Cow<'a, str>) {
    let Some(step) = Step::of(step) else {
        // An older host wrote it, or a newer one.
        return (reason, LOOK.into());
    };
    let own = parts(reason).filter(|_| step.is_said_by_reason());
    own.map_or_else(
        || (reason, step.way_out(reason).into()),
        |(reason, fix)| (reason, fix.into()),
    )
}

/// The same of an error of the host, whose text has both.
pub fn parted(text: &str) -> (&str, &str) {
    parts(text).unwrap_or((text, LOOK))
}

fn parts(text: &str) -> Option<(&str, &str)> {
    let parts = text.rsplit_once(BETWEEN);
    parts.filter(|(reason, fix)| !reason.is_empty() && !fix.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_a_way_out_and_one_that_a_reason_says_goes_before() {
        for step in Step::ALL {
            assert_eq!(Step::of(step.name()), Some(step));
            let (reason, fix) = way_out(step.name(), "it is so");
            assert_eq!((reason, fix.is_empty()), ("it is so", false), "{step:?}");
            let (reason, fix) = way_out(step.name(), "one; two; do that");
            match step.is_said_by_reason() {
                true => assert_eq!((reason, &*fix), ("one; two", "do that"), "{step:?}"),
                false => assert_eq!(reason, "one; two; do that", "{step:?}"),
            }
        }
        assert_eq!(way_out("of tomorrow", "x").1, LOOK);
        assert_eq!(parted("x"), ("x", LOOK));
    }
}
