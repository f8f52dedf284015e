//! Machine code of a component that differs from an earlier one in its data only.
//!
//! A development build of a BFF in JavaScript has the engine as its code, and all that the author
//! wrote as one segment of memory. Compiled code has that segment as it is, at one place. So the code
//! of the next build is that of the last one with other bytes there.

use std::ops::Range;

use wasmparser::{DataKind, Operator, Parser, Payload};

/// Bytes of the smallest segment that this is worth it for. Shorter ones may be in code by accident.
const SMALLEST: usize = 256 << 10;
/// Bytes of the smallest page of memory. Code has the pages from the first to the last that are not
/// zero.
const PAGE: usize = 4 << 10;

/// A component and its machine code.
pub(super) struct Template {
    wasm: Vec<u8>,
    code: Vec<u8>,
    /// Where the segment is in the component.
    segment: Range<usize>,
    /// The part of the segment that the code has.
    pages: Range<usize>,
    /// Where the code has it.
    at: usize,
}

impl Template {
    /// Nothing when the component has no such segment, or more data than that.
    pub(super) fn new(wasm: &[u8], code: &[u8]) -> Option<Self> {
        let segment = segment(wasm)?;
        let data = &wasm[segment.clone()];
        let pages = pages(data)?;
        let mut found = memchr::memmem::find_iter(code, &data[pages.clone()]);
        let at = found.next().filter(|_| found.next().is_none())?;
        Some(Self {
            wasm: wasm.to_vec(),
            code: code.to_vec(),
            segment,
            pages,
            at,
        })
    }

    /// The code of another component, if nothing but this segment is other than here.
    pub(super) fn code_of(&self, wasm: &[u8]) -> Option<Vec<u8>> {
        let Range { start, end } = self.segment;
        let is_same = wasm.len() == self.wasm.len()
            && wasm[..start] == self.wasm[..start]
            && wasm[end..] == self.wasm[end..];
        let data = wasm.get(start..end).filter(|_| is_same)?;
        let pages = pages(data).filter(|pages| *pages == self.pages)?;
        let mut code = self.code.clone();
        code[self.at..self.at + pages.len()].copy_from_slice(&data[pages]);
        Some(code)
    }
}

/// Where the only segment with bytes in it is, in a component with one that begins at a page.
fn segment(wasm: &[u8]) -> Option<Range<usize>> {
    let mut only = None;
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::DataSection(section) = payload.ok()? else {
            continue;
        };
        for data in section {
            let data = data.ok()?;
            if data.data.is_empty() {
                continue;
            }
            let DataKind::Active { offset_expr, .. } = &data.kind else {
                return None;
            };
            let Operator::I32Const { value } = offset_expr.get_operators_reader().read().ok()?
            else {
                return None;
            };
            let begins_a_page = (value.cast_unsigned() as usize).is_multiple_of(PAGE);
            if only.is_some() || !begins_a_page || data.data.len() < SMALLEST {
                return None;
            }
            let end = data.range.end;
            only = Some(end - data.data.len()..end);
        }
    }
    only
}

/// The pages from the first to the last that are not zero.
fn pages(data: &[u8]) -> Option<Range<usize>> {
    let first = data.iter().position(|byte| *byte != 0)?;
    let last = data.iter().rposition(|byte| *byte != 0)?;
    let end = (last + 1).next_multiple_of(PAGE);
    (end <= data.len()).then_some(first / PAGE * PAGE..end)
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, Component, ConstExpr, DataSection, Function, FunctionSection, MemorySection,
        MemoryType, Module, ModuleSection, TypeSection, ValType,
    };
    use wasmtime::Engine;

    use super::*;

    /// A component of a module with a function that gives `number`, and a segment of `fill`.
    fn component(fill: u8, number: i32, size: usize) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], [ValType::I32]);
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 8,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut code = CodeSection::new();
        let mut body = Function::new([]);
        body.instructions().i32_const(number).end();
        code.function(&body);
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(4096), vec![fill; size]);
        let mut module = Module::new();
        module
            .section(&types)
            .section(&functions)
            .section(&memories)
            .section(&code)
            .section(&data);
        let mut component = Component::new();
        component.section(&ModuleSection(&module));
        component.finish()
    }

    #[test]
    fn other_data_gives_the_code_that_compiling_gives() {
        let engine = Engine::default();
        let compiled = |wasm: &[u8]| engine.precompile_component(wasm).unwrap();
        let first = component(1, 7, SMALLEST);
        let template = Template::new(&first, &compiled(&first)).unwrap();
        let other = component(2, 7, SMALLEST);
        assert_eq!(template.code_of(&other), Some(compiled(&other)));
        assert_eq!(
            template.code_of(&component(2, 8, SMALLEST)),
            None,
            "other code"
        );
        assert_eq!(template.code_of(&first[1..]), None);
    }

    #[test]
    fn a_component_without_one_large_segment_is_no_template() {
        assert!(Template::new(b"", b"").is_none());
        let small = component(1, 7, 8);
        assert!(Template::new(&small, &small).is_none());
    }
}
