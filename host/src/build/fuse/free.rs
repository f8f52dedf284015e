//! What is written here, beside the items of the modules: its indexes, and flags.

use wasm_encoder::{ConstExpr, GlobalSection, GlobalType, ValType};

/// The first indexes that no module takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Free {
    next_function: u32,
    next_ty: u32,
    next_global: u32,
}

impl Free {
    /// The first free ones.
    pub(super) fn behind(functions: u32, types: u32, globals: u32) -> Self {
        Self {
            next_function: functions,
            next_ty: types,
            next_global: globals,
        }
    }

    /// Takes the next function.
    pub(super) fn function(&mut self) -> u32 {
        self.next_function += 1;
        self.next_function - 1
    }

    /// Takes the next type.
    pub(super) fn ty(&mut self) -> u32 {
        self.next_ty += 1;
        self.next_ty - 1
    }

    /// Takes the next global.
    pub(super) fn global(&mut self) -> u32 {
        self.next_global += 1;
        self.next_global - 1
    }
}

/// Adds a global that is 0 at first, and 1 once something has happened.
pub(super) fn add_flag(globals: &mut GlobalSection) {
    let ty = GlobalType {
        val_type: ValType::I32,
        mutable: true,
        shared: false,
    };
    globals.global(ty, &ConstExpr::i32_const(0));
}
