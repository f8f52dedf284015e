//! A target of fuzzing: any component.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::runtime;
use wasmparser::{Parser, Payload as Part};

use crate::bff::load::{Loaded, Loader};
use crate::bff::run::Fixed;
use crate::bff::runtime::Runtime;
use crate::config;
use crate::contract::{Client, Method, Payload, Request};
use crate::invoke::{detached, invoke};
use crate::text::assert_fit_for_a_log;

/// Bytes of a component, so that compiling it is short.
const MAX: usize = 16 << 10;
/// Bytes of a message: a kilobyte of foreign text, whose characters may be written out as ten each.
const MAX_TEXT: usize = 12 << 10;
/// Bytes of a line of a stack: two names.
const MAX_LINE: usize = 4 << 10;
/// Lines of a stack.
const MAX_LINES: usize = 33;

static RUNTIME: LazyLock<Option<Arc<Runtime>>> =
    LazyLock::new(|| Runtime::new(2).ok().map(Arc::new));

/// Components that are given names.
const BASES: [&[u8]; 3] = [
    include_bytes!("../../../tests/fuzz/corpus/component/trap"),
    include_bytes!("../../../tests/fuzz/corpus/component/deep"),
    include_bytes!("../../../tests/fuzz/corpus/component/grow"),
];

/// A component whose module gives way to others: it imports functions of the contract.
const SHAPE: &[u8] = include_bytes!("../../../tests/fuzz/corpus/component/log");

/// How a module begins that is no component.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// A module whose imports and exports another one has to have, to be part of a component of the
/// contract.
pub fn module() -> Option<&'static [u8]> {
    SHAPE.get(first_module(SHAPE)?)
}

/// Loads a component, and makes a request of it under small limits. A module alone is made part of
/// one, see [`module`]. An input that begins as neither says which of those there are it is (the
/// lower half of its first byte), and what the name section of its module holds. What the component
/// leads to can be told in lines of bounded length.
pub fn component(input: &[u8]) {
    assert!(RUNTIME.is_some(), "there is room for an engine");
    let Some(runtime) = &*RUNTIME else { return };
    let component = match input {
        [first, names @ ..] if *first != 0 => named(*first, names),
        module if module.len() > MODULE.len() && module.starts_with(MODULE) => {
            with_module(SHAPE, module)
        }
        component => component.to_vec(),
    };
    if component.len() > MAX {
        return;
    }
    match Loader::new(runtime.clone(), None, MAX as u64).load_bytes("fuzzed", &component) {
        Ok(loaded) => run(runtime, Arc::new(loaded)),
        Err(error) => assert_fit_for_a_log(&error.to_string(), MAX_TEXT),
    }
}

/// A component with a name section: of any bytes where the highest bit of `first` is set, else one
/// with the names of functions that `names` has, with 255 between them. One that begins with `*`
/// and a number is repeated as often.
fn named(first: u8, names: &[u8]) -> Vec<u8> {
    let base = BASES[usize::from(first) % 16 % BASES.len()];
    let content = if first >= 128 {
        names.to_vec()
    } else {
        let (mut functions, mut count) = (Vec::new(), 0);
        for (index, name) in (0..64).zip(names.split(|byte| *byte == 255)) {
            count = index + 1;
            let name = match name {
                [b'*', times, name @ ..] => name.repeat(usize::from(*times) * 8),
                name => name.to_vec(),
            };
            functions.push(index);
            number(&mut functions, name.len());
            functions.extend(&name);
        }
        let mut list = vec![count];
        list.extend(functions);
        section(1, &list)
    };
    let mut custom = b"\x04name".to_vec();
    custom.extend(content);
    with_section(base, &section(0, &custom))
}

/// The component with a section more at the end of its first module.
fn with_section(component: &[u8], more: &[u8]) -> Vec<u8> {
    match first_module(component) {
        Some(module) => with_module(component, &[&component[module], more].concat()),
        None => component.to_vec(),
    }
}

/// The component with another one in place of its first module.
fn with_module(component: &[u8], module: &[u8]) -> Vec<u8> {
    let Some(Range { start, end }) = first_module(component) else {
        return component.to_vec();
    };
    // The head of the old one: its kind, and its length.
    let head = section(1, &component[start..end]).len() - (end - start);
    let before = &component[..start - head];
    [before, &section(1, module), &component[end..]].concat()
}

fn first_module(component: &[u8]) -> Option<Range<usize>> {
    let mut payloads = Parser::new(0).parse_all(component).flatten();
    payloads.find_map(|payload| match payload {
        Part::ModuleSection {
            unchecked_range: module,
            ..
        } => Some(module),
        _ => None,
    })
}

fn section(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    number(&mut bytes, content.len());
    bytes.extend(content);
    bytes
}

/// Writes a number as LEB128.
fn number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 128 {
        bytes.push((number % 128 + 128) as u8);
        number /= 128;
    }
    bytes.push(number as u8);
}

fn run(runtime: &Runtime, loaded: Arc<Loaded>) {
    let mut settings = config::Bff::with_defaults("fuzzed", Path::new("fuzzed"), &[]);
    settings.deadline = Duration::from_secs(2);
    settings.limits.cpu = Duration::from_millis(10);
    settings.limits.memory = 1 << 20;
    let version = detached(settings, loaded, |_| {
        Arc::new(|_| Box::pin(std::future::pending()))
    });
    let event_loop = runtime::Builder::new_current_thread().enable_time().build();
    assert!(event_loop.is_ok(), "{event_loop:?}");
    let Ok(event_loop) = event_loop else { return };
    let invoked = event_loop.block_on(invoke(runtime, &version, request(), Fixed::default(), 0));
    for line in &invoked.log {
        assert_fit_for_a_log(&line.message, MAX_TEXT);
    }
    if let Err(error) = &invoked.result {
        assert_fit_for_a_log(&error.to_string(), MAX_TEXT);
        let stack = error.backtrace();
        let lines: Vec<_> = stack.split('\n').collect();
        assert!(lines.len() <= MAX_LINES, "{stack}");
        for line in lines {
            assert_fit_for_a_log(line, MAX_LINE);
        }
    }
}

fn request() -> Request {
    Request {
        id: "fuzzed".to_owned(),
        method: Method::Post,
        path: "/a\u{202e}b".to_owned(),
        query: Vec::new(),
        headers: vec![("a".to_owned(), "b".to_owned())],
        body: Payload::Text("body".to_owned()),
        client: Client {
            name: "fuzzed".to_owned(),
            host: "localhost".to_owned(),
        },
    }
}
