//! The function `handle` of the contract, made of the turns of an asynchronous handler.

use wasm_encoder::reencode::Reencode;
use wasm_encoder::{
    BlockType, CodeSection, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    TypeSection, ValType,
};

use super::FuseError;
use super::free::{Free, add_flag};
use super::layout::Layout;
use super::places::{Places, encoded};
use super::turns::Turns;

/// What it is called in the contract's interface.
const HANDLE: &str = "handle";
/// The names of its parts in a module that is run when a component is built.
pub(in crate::build) const START: &str = "start";
pub(in crate::build) const RETURNED: &str = "returned";

/// The function `handle`: the functions that it calls, and its own indexes.
pub(super) struct Handle {
    name: String,
    start: u32,
    turn: u32,
    finish: u32,
    /// What gives back the memory of the answer.
    post_return: Option<u32>,
    request: Vec<ValType>,
    function: u32,
    ty: u32,
    /// The global that notes that the handler has returned.
    returned: u32,
}

impl Handle {
    /// `interface` is the contract's, with its version.
    pub(super) fn new(
        layout: &Layout<'_>,
        turns: Turns,
        interface: &str,
        free: &mut Free,
    ) -> Result<Self, FuseError> {
        let export = |place: usize| &layout.wiring.exports[place];
        let func = |place: usize| layout.func(&export(place).core);
        let post_return = export(turns.finish).post_return.as_ref();
        let request = layout.params(&export(turns.start).core)?;
        let request = request
            .iter()
            .map(|ty| encoded(Places::default().val_type(*ty)));
        Ok(Self {
            name: format!("{interface}#{HANDLE}"),
            start: func(turns.start)?,
            turn: func(turns.turn)?,
            finish: func(turns.finish)?,
            post_return: post_return.map(|item| layout.func(item)).transpose()?,
            request: request.collect::<Result<_, _>>()?,
            function: free.function(),
            ty: free.ty(),
            returned: free.global(),
        })
    }

    pub(super) fn export(&self, exports: &mut ExportSection) {
        exports.export(&self.name, ExportKind::Func, self.function);
        if let Some(post_return) = self.post_return {
            let name = format!("cabi_post_{}", self.name);
            exports.export(&name, ExportKind::Func, post_return);
        }
    }

    /// Exports the first turn by itself, and whether the handler has returned.
    pub(super) fn export_start(&self, exports: &mut ExportSection) {
        exports.export(START, ExportKind::Func, self.start);
        exports.export(RETURNED, ExportKind::Global, self.returned);
    }

    /// The code of `task.return`, whatever it is given: the answer is taken by `finish`.
    pub(super) fn task_return(&self) -> Function {
        let mut body = Function::new([]);
        body.instructions()
            .i32_const(1)
            .global_set(self.returned)
            .end();
        body
    }

    /// Adds its type, global and code.
    pub(super) fn add(
        &self,
        types: &mut TypeSection,
        functions: &mut FunctionSection,
        globals: &mut GlobalSection,
        code: &mut CodeSection,
    ) {
        types
            .ty()
            .function(self.request.iter().copied(), [ValType::I32]);
        functions.function(self.ty);
        add_flag(globals);
        let mut body = Function::new([]);
        let mut write = body.instructions();
        write.i32_const(0).global_set(self.returned);
        for (param, _) in (0..).zip(&self.request) {
            write.local_get(param);
        }
        write
            .call(self.start)
            .drop()
            .block(BlockType::Empty)
            .loop_(BlockType::Empty)
            .global_get(self.returned)
            .br_if(1)
            .call(self.turn)
            .drop()
            .br(0)
            .end()
            .end()
            .call(self.finish)
            .end();
        code.function(&body);
    }
}
