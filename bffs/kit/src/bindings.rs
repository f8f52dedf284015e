//! The bindings of the contract, generated once, here, from `wit/`.
//!
//! Everything a BFF needs of them is re-exported by the crate's root; this module is public only
//! because [`export!`] names it in the code that it writes into a BFF. Nothing is written by hand
//! here.

#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "bff",
    pub_export_macro: true,
    export_macro_name: "export",
    default_bindings_module: "tailor_kit::bindings",
});
