//! Machine code of functions, by a digest of all that it depends on.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Mutex;

use wasmtime::CacheStore;

use crate::sync;

/// Bytes of code that are kept at most: some twenty components with an engine of JavaScript.
const MOST: usize = 256 << 20;

/// The code of functions, in memory. When there is too much of it, all is given up: what is in use
/// is compiled once more.
#[derive(Debug, Default)]
pub(super) struct FunctionCache {
    functions: Mutex<Functions>,
}

#[derive(Debug, Default)]
struct Functions {
    code: HashMap<Box<[u8]>, Box<[u8]>>,
    bytes: usize,
}

impl CacheStore for FunctionCache {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let functions = sync::lock(&self.functions);
        let code = functions.code.get(key)?;
        Some(Cow::Owned(code.to_vec()))
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        let mut functions = sync::lock(&self.functions);
        if functions.bytes.saturating_add(value.len()) > MOST {
            *functions = Functions::default();
        }
        functions.bytes += value.len();
        functions.code.insert(key.into(), value.into());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_given_back_by_its_key_and_given_up_when_there_is_too_much() {
        let cache = FunctionCache::default();
        assert!(cache.insert(b"a", vec![1]));
        assert_eq!(cache.get(b"a").as_deref(), Some([1].as_slice()));
        assert_eq!(cache.get(b"b"), None);
        assert!(cache.insert(b"b", vec![0; MOST]));
        assert_eq!(cache.get(b"a"), None);
        assert!(cache.get(b"b").is_some());
    }
}
