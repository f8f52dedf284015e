//! Components that are small, valid, and cost their compiler far more than they ought to.

use std::fmt::Write as _;

use crate::hostile::wat::Wat;

/// Loops in each other over values that all of them change: the compiler keeps a value for each in
/// each loop.
pub fn loops(depth: usize, values: usize) -> Vec<u8> {
    let mut code = format!("(func (local{})", " i32".repeat(values));
    code.push_str(&" loop".repeat(depth));
    for value in 0..values {
        let _ = write!(
            code,
            " local.get {value} i32.const 1 i32.add local.set {value}"
        );
    }
    code.push_str(&" local.get 0 br_if 0 end".repeat(depth));
    code.push(')');
    component(&code)
}

/// Branches one after the other, each of which changes one of a few hundred values.
pub fn branches(count: usize) -> Vec<u8> {
    const VALUES: usize = 200;
    let mut code = format!("(func (local{})", " i32".repeat(VALUES));
    let mut chance: usize = 1;
    let mut value = || {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (chance >> 33) % VALUES
    };
    for _ in 0..count {
        let (a, b) = (value(), value());
        let _ = write!(
            code,
            " local.get {a} if local.get {b} local.get {a} i32.mul local.set {b}\
             \n else local.get {a} i32.const 1 i32.add local.set {a} end"
        );
    }
    code.push(')');
    component(&code)
}

fn component(more: &str) -> Vec<u8> {
    let wat = Wat {
        more,
        ..Wat::default()
    };
    wat.component()
}
