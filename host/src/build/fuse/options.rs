//! What a component says about a function that crosses its boundary.

use wasmparser::CanonicalOption;

use super::FuseError;
use super::item::CoreItem;
use super::scope::{Scope, at};

/// What was said about a function that crosses the boundary.
pub(super) struct Options {
    pub(super) realloc: Option<CoreItem>,
    pub(super) post_return: Option<CoreItem>,
    pub(super) is_async: bool,
    plain: bool,
}

impl Options {
    pub(super) fn read(scope: &Scope, options: &[CanonicalOption]) -> Result<Self, FuseError> {
        let mut read = Self {
            realloc: None,
            post_return: None,
            is_async: false,
            plain: true,
        };
        for option in options {
            match option {
                CanonicalOption::UTF8 | CanonicalOption::Memory(_) => {}
                CanonicalOption::Realloc(index) => {
                    read.realloc = Some(at(&scope.core_funcs, *index)?);
                }
                CanonicalOption::PostReturn(index) => {
                    read.post_return = Some(at(&scope.core_funcs, *index)?);
                }
                CanonicalOption::Async | CanonicalOption::Callback(_) => read.is_async = true,
                _ => read.plain = false,
            }
        }
        Ok(read)
    }

    pub(super) fn check(&self, item: CoreItem) -> CoreItem {
        if self.plain {
            item
        } else {
            CoreItem::Unsupported("a function that does not use UTF-8")
        }
    }
}
