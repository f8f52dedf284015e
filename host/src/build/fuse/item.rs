//! What core modules import and export, by where it comes from.

use std::collections::BTreeMap;
use std::rc::Rc;

/// Something that a core module can import.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum CoreItem {
    /// An export of an instantiated module.
    Export { instance: usize, name: String },
    /// A function of the component's own imports, under the names that a core module has for it.
    Host {
        module: String,
        name: String,
        realloc: Option<Box<CoreItem>>,
    },
    /// A function that does nothing but end the instance, such as a stub.
    Trap,
    /// A function that writes eight bytes of zeros to the address that it is given: an empty list.
    Empty,
    /// The built-in function by which an async export gives its result.
    TaskReturn,
    /// Another built-in function of async components.
    BuiltIn,
    /// Anything else: the component is then left as it is, if this is used.
    Unsupported(&'static str),
}

/// Where the imports of a module with one name come from.
#[derive(Clone, Debug)]
pub(super) enum CoreInstance {
    Module(usize),
    Bag(Rc<BTreeMap<String, CoreItem>>),
}

/// A function that the component exports, and the core functions behind it.
#[derive(Clone, Debug)]
pub(super) struct Lifted {
    /// As a core module names it: `tailor:bff/handler@0.1.1#handle`.
    pub(super) name: String,
    pub(super) core: CoreItem,
    pub(super) realloc: Option<CoreItem>,
    pub(super) post_return: Option<CoreItem>,
    /// Whether it is async, by the ABI of callbacks.
    pub(super) is_async: bool,
}
