//! Components: the input as it is, or what is made of it.

#![no_main]

use libfuzzer_sys::arbitrary::{Arbitrary as _, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use wasm_smith::{Component, Config, Module};

/// First byte of an input that a module of the contract's shape is made of.
const MODULE: u8 = 255;
/// First byte of one that a component is made of, with whatever imports and exports.
const COMPONENT: u8 = 254;

fuzz_target!(|input: &[u8]| {
    let made = match input.split_first() {
        Some((&MODULE, rest)) => module(rest),
        Some((&COMPONENT, rest)) => component(rest),
        _ => Ok(input.to_vec()),
    };
    // Too few bytes make nothing.
    let Ok(made) = made else { return };
    if let Some(path) = std::env::var_os("MADE") {
        std::fs::write(path, &made).unwrap();
    }
    tailor::fuzzing::run("component", &made);
});

fn module(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Unstructured::new(bytes);
    let config = Config {
        module_shape: tailor::fuzzing::module().map(<[u8]>::to_vec),
        ..config(&mut bytes)?
    };
    Ok(Module::new(config, &mut bytes)?.to_bytes())
}

fn component(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Unstructured::new(bytes);
    let config = config(&mut bytes)?;
    Ok(Component::new(config, &mut bytes)?.to_bytes())
}

/// What the engine takes, in sizes that compile in a moment.
fn config(bytes: &mut Unstructured<'_>) -> Result<Config> {
    let any = Config::arbitrary(bytes)?;
    Ok(Config {
        max_funcs: 10,
        max_instructions: 200,
        max_memories: 1,
        max_tables: 4,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        shared_everything_threads_enabled: false,
        gc_enabled: false,
        // Those to what the host holds are part of garbage collection.
        reference_types_enabled: false,
        threads_enabled: false,
        custom_descriptors_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        exceptions_enabled: false,
        allow_invalid_funcs: false,
        ..any
    })
}
