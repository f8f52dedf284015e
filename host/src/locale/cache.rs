//! The formatters of this thread.
//!
//! Making one takes many times as long as using it: the data is looked up and patterns are read. A
//! thread keeps some of each BFF, the ones used last. A BFF that asks with ever new options makes
//! its own ones go and nobody else's, and its CPU time pays for making them.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::contract::{
    CollationOptions, DateOptions, ListOptions, NumberOptions, PluralOptions, RelativeOptions,
    RelativeUnit,
};
use super::{Caller, Outcome};

/// Formatters of all BFFs together that a thread keeps.
const MAX_KEPT: usize = 1024;

/// What a formatter is made from.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Date(DateOptions),
    Number(NumberOptions),
    Plural(PluralOptions),
    Relative(RelativeUnit, RelativeOptions),
    List(ListOptions),
    Collation(CollationOptions),
}

struct Kept {
    formatter: Rc<dyn Any>,
    bff: Box<str>,
    used: u64,
}

#[derive(Default)]
struct Cache {
    kept: HashMap<Key, Kept>,
    uses: u64,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

/// The formatter of this key: the one that is kept, or the one that `make` makes.
pub(super) fn formatter<T: 'static>(
    caller: Caller<'_>,
    key: Key,
    make: impl FnOnce(&Key) -> Outcome<T>,
) -> Outcome<Rc<T>> {
    let kept = CACHE.with_borrow_mut(|cache| cache.find(&key));
    if let Some(Ok(formatter)) = kept.map(Rc::downcast) {
        return Ok(formatter);
    }
    let formatter = Rc::new(make(&key)?);
    CACHE.with_borrow_mut(|cache| cache.keep(caller, key, formatter.clone()));
    Ok(formatter)
}

impl Cache {
    fn find(&mut self, key: &Key) -> Option<Rc<dyn Any>> {
        let kept = self.kept.get_mut(key)?;
        self.uses += 1;
        kept.used = self.uses;
        Some(kept.formatter.clone())
    }

    fn keep(&mut self, caller: Caller<'_>, key: Key, formatter: Rc<dyn Any>) {
        if caller.formatters == 0 {
            return;
        }
        let own = self.kept.values().filter(|kept| *kept.bff == *caller.bff);
        if own.count() >= caller.formatters {
            self.drop_oldest(|kept| *kept.bff == *caller.bff);
        } else if self.kept.len() >= MAX_KEPT {
            self.drop_oldest(|_| true);
        }
        self.uses += 1;
        let kept = Kept {
            formatter,
            bff: caller.bff.into(),
            used: self.uses,
        };
        self.kept.insert(key, kept);
    }

    /// Drops the one that was not used for longest. Each has another number of its last use.
    fn drop_oldest(&mut self, of: impl Fn(&Kept) -> bool) {
        let candidates = self.kept.values().filter(|kept| of(kept));
        if let Some(oldest) = candidates.map(|kept| kept.used).min() {
            self.kept.retain(|_, kept| kept.used != oldest);
        }
    }
}

/// How many formatters this thread keeps of a BFF.
#[cfg(test)]
pub(super) fn kept_of(bff: &str) -> usize {
    CACHE.with_borrow(|cache| {
        let own = cache.kept.values().filter(|kept| *kept.bff == *bff);
        own.count()
    })
}
