//! The host's random numbers for crates that ask `getrandom` for them, such as `rand` and `uuid`.
//!
//! `getrandom` knows no source on this target. Its versions 0.3 and 0.4 take the function of this
//! name when they are compiled with `--cfg getrandom_backend="custom"`, 0.2 with its feature
//! `custom`: <https://docs.rs/getrandom/0.4/getrandom/#custom-backend>.

#![allow(
    unsafe_code,
    reason = "the two functions have the names and the types that getrandom gives them"
)]

use getrandom::Error;

use crate::host::runtime;

/// Bytes that the host gives at once.
const MOST: usize = 64 << 10;

/// For versions 0.3 and 0.4.
///
/// # Safety
///
/// `place` must be valid for writes of `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(place: *mut u8, length: usize) -> Result<(), Error> {
    // SAFETY: what the caller must see to. Nobody reads the bytes before they are written.
    unsafe { fill(place, length) };
    Ok(())
}

/// For version 0.2, where 0 says that it worked.
///
/// # Safety
///
/// `place` must be valid for writes of `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_custom(place: *mut u8, length: usize) -> u32 {
    // SAFETY: what the caller must see to.
    unsafe { fill(place, length) };
    0
}

unsafe fn fill(mut place: *mut u8, mut length: usize) {
    while length > 0 {
        let part = length.min(MOST);
        // It fits, being no more than `MOST`.
        let bytes = runtime::random(u32::try_from(part).unwrap_or(0));
        let given = bytes.len().min(part);
        assert!(given > 0, "the host gives as many bytes as it is asked for");
        // SAFETY: `given` bytes are there on both sides, and one side is the kit's own.
        unsafe {
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), place, given);
            place = place.add(given);
        }
        length -= given;
    }
}
