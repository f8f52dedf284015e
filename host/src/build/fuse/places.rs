//! The indices of the modules' items in the merged one, and values that are known before anything
//! runs.

use wasm_encoder::ConstExpr;
use wasm_encoder::reencode::{Error, Reencode};
use wasmparser::Operator;

use super::FuseError;

/// Where the items of one instance are in the merged module, by their index in their own.
#[derive(Default)]
pub(super) struct Places {
    pub(super) types: u32,
    pub(super) funcs: Vec<u32>,
    pub(super) tables: Vec<u32>,
    pub(super) memories: Vec<u32>,
    pub(super) globals: Vec<u32>,
    pub(super) data: u32,
    pub(super) elements: u32,
}

impl Reencode for Places {
    type Error = FuseError;

    fn type_index(&mut self, ty: u32) -> Result<u32, Error<FuseError>> {
        Ok(self.types + ty)
    }
    fn function_index(&mut self, func: u32) -> Result<u32, Error<FuseError>> {
        place(&self.funcs, func).map_err(Error::UserError)
    }
    fn table_index(&mut self, table: u32) -> Result<u32, Error<FuseError>> {
        place(&self.tables, table).map_err(Error::UserError)
    }
    fn memory_index(&mut self, memory: u32) -> Result<u32, Error<FuseError>> {
        place(&self.memories, memory).map_err(Error::UserError)
    }
    fn global_index(&mut self, global: u32) -> Result<u32, Error<FuseError>> {
        place(&self.globals, global).map_err(Error::UserError)
    }
    fn data_index(&mut self, data: u32) -> Result<u32, Error<FuseError>> {
        Ok(self.data + data)
    }
    fn element_index(&mut self, element: u32) -> Result<u32, Error<FuseError>> {
        Ok(self.elements + element)
    }
}

pub(super) fn place(places: &[u32], index: u32) -> Result<u32, FuseError> {
    let found = places.get(index as usize).copied();
    found.ok_or(FuseError::Unsupported("an index that names nothing"))
}

pub(super) fn encoded<T>(result: Result<T, Error<FuseError>>) -> Result<T, FuseError> {
    result.map_err(|error| match error {
        Error::UserError(error) => error,
        Error::ParseError(error) => FuseError::Broken(error),
        other => FuseError::Encode(other.to_string()),
    })
}

/// A value that is known before anything runs.
#[derive(Clone, Copy)]
pub(super) enum Known {
    I32(i32),
    I64(i64),
    F32(u32),
    F64(u64),
    Func(u32),
    Null(wasm_encoder::HeapType),
}

impl Known {
    pub(super) fn expression(self) -> ConstExpr {
        match self {
            Self::I32(value) => ConstExpr::i32_const(value),
            Self::I64(value) => ConstExpr::i64_const(value),
            Self::F32(bits) => ConstExpr::f32_const(f32::from_bits(bits).into()),
            Self::F64(bits) => ConstExpr::f64_const(f64::from_bits(bits).into()),
            Self::Func(index) => ConstExpr::ref_func(index),
            Self::Null(ty) => ConstExpr::ref_null(ty),
        }
    }
}

/// The value of a constant expression of a module, given those of the globals so far.
pub(super) fn known(
    places: &Places,
    globals: &[Known],
    expression: &wasmparser::ConstExpr<'_>,
) -> Result<Known, FuseError> {
    let mut stack: Vec<Known> = Vec::new();
    for operator in expression.get_operators_reader() {
        let value = match operator? {
            Operator::I32Const { value } => Known::I32(value),
            Operator::I64Const { value } => Known::I64(value),
            Operator::F32Const { value } => Known::F32(value.bits()),
            Operator::F64Const { value } => Known::F64(value.bits()),
            Operator::RefFunc { function_index } => {
                Known::Func(place(&places.funcs, function_index)?)
            }
            Operator::RefNull { hty } => Known::Null(encoded(Places::default().heap_type(hty))?),
            Operator::GlobalGet { global_index } => {
                let global = place(&places.globals, global_index)? as usize;
                let known = globals.get(global).copied();
                known.ok_or(FuseError::Unsupported("a constant of a later module"))?
            }
            sum @ (Operator::I32Add | Operator::I32Sub) => match (stack.pop(), stack.pop()) {
                (Some(Known::I32(b)), Some(Known::I32(a))) => {
                    Known::I32(if matches!(sum, Operator::I32Add) {
                        a.wrapping_add(b)
                    } else {
                        a.wrapping_sub(b)
                    })
                }
                _ => return Err(FuseError::Unsupported("a constant of this form")),
            },
            Operator::End => break,
            _ => return Err(FuseError::Unsupported("a constant of this form")),
        };
        stack.push(value);
    }
    match stack[..] {
        [value] => Ok(value),
        _ => Err(FuseError::Unsupported("a constant of this form")),
    }
}
