//! The keys of a section: which are known, and what is known of them.

use toml::de::DeValue;

use super::{Section, Source};
use crate::config::kind::{Form, Known, Text, Values};
use crate::config::problem::{Fault, Location};
use crate::text::nearest;

impl<'a> Section<'a> {
    /// Looks a key up, which makes it a known one.
    pub(super) fn get(&mut self, key: &'static str) -> Option<(Location, &'a DeValue<'a>)> {
        self.know(key, Form::One, || (None, None));
        let Source::Table(table) = self.source else {
            return None;
        };
        let value = table.get(key)?;
        Some((
            self.reader.place(self.path(key), value.span().start),
            value.get_ref(),
        ))
    }

    /// Makes a key a known one.
    pub(super) fn know(
        &mut self,
        key: &'static str,
        form: Form,
        of: impl FnOnce() -> (Option<Values>, Option<Text>),
    ) {
        let known = self.reader.known.entry(self.pattern).or_default();
        let known = known.entry(key).or_insert_with(|| {
            let (values, text) = of();
            Known {
                form,
                values,
                text,
                required: false,
            }
        });
        // Whether it is there may have been asked before it is read.
        if form != Form::One {
            known.form = form;
        }
    }

    /// Makes a known key one that has to be there.
    pub(super) fn require(&mut self, key: &'static str) {
        let known = self.reader.known.get_mut(self.pattern);
        if let Some(known) = known.and_then(|known| known.get_mut(key)) {
            known.required = true;
        }
    }

    /// Reports the keys that nobody read.
    pub(super) fn report_unknown(self) {
        let Source::Table(table) = self.source else {
            return;
        };
        let known = self.reader.known.entry(self.pattern).or_default().clone();
        for (key, _) in table {
            if known.contains_key(key.get_ref().as_ref()) {
                continue;
            }
            let place = self
                .reader
                .place(self.path(key.get_ref()), key.span().start);
            if let Some((pattern, header)) = &self.around
                && let Some(theirs) = self.reader.known.get(pattern)
                && theirs.contains_key(key.get_ref().as_ref())
            {
                let what = "it is the same for all calls of the service";
                let fault = Fault::new(what, format!("write it in {header}"));
                self.reader.report(&place, fault);
                continue;
            }
            let way_out = match nearest(key.get_ref(), known.keys().copied()) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => {
                    let known: Vec<&str> = known.keys().copied().collect();
                    format!("known here: {}", known.join(", "))
                }
            };
            self.reader
                .report(&place, Fault::new("unknown key", way_out));
        }
    }
}
