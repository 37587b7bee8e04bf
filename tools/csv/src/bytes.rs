//! Searches of the bytes of a table, sixteen at a time where the machine can.

/// Bytes that may be read past the end of the data by such a search.
pub const PADDING: usize = 32;

/// A byte of the buffer. `at` never passes the end of the data, and PADDING bytes follow it.
#[inline(always)]
pub fn byte_at(buffer: *const u8, at: usize) -> u8 {
    unsafe { *buffer.add(at) }
}

#[inline]
pub fn trim(bytes: &[u8]) -> &[u8] {
    match bytes {
        [first, .., last] if *first > b' ' && *last > b' ' => bytes,
        [only] if *only > b' ' => bytes,
        [] => bytes,
        _ => trim_slowly(bytes),
    }
}

fn trim_slowly(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Bit i tells whether byte `at + i` ends a cell, for sixteen bytes. `at` never passes the end of the data.
#[cfg(target_feature = "simd128")]
#[inline(always)]
pub fn line_mask(buffer: *const u8, at: usize, delimiter: u8) -> u32 {
    use std::arch::wasm32::{i8x16_bitmask, i8x16_eq, i8x16_splat, v128_load, v128_or};
    // Safe: PADDING bytes follow the data.
    let bytes = unsafe { v128_load(buffer.add(at).cast()) };
    let line = v128_or(
        i8x16_eq(bytes, i8x16_splat(b'\n' as i8)),
        i8x16_eq(bytes, i8x16_splat(b'\r' as i8)),
    );
    u32::from(i8x16_bitmask(v128_or(
        line,
        i8x16_eq(bytes, i8x16_splat(delimiter as i8)),
    )))
}

#[cfg(not(target_feature = "simd128"))]
pub fn line_mask(buffer: *const u8, at: usize, delimiter: u8) -> u32 {
    let ends = |byte: u8| byte == b'\n' || byte == b'\r' || byte == delimiter;
    (0..16).fold(0, |mask, index| {
        mask | u32::from(ends(byte_at(buffer, at + index))) << index
    })
}

#[cfg(target_feature = "simd128")]
pub fn find_quote(buffer: &[u8], mut at: usize, end: usize) -> Option<usize> {
    use std::arch::wasm32::{i8x16_bitmask, i8x16_eq, i8x16_splat, v128_load};
    while at < end {
        // Safe: PADDING bytes follow `end`.
        let bytes = unsafe { v128_load(buffer.as_ptr().add(at).cast()) };
        let mask = i8x16_bitmask(i8x16_eq(bytes, i8x16_splat(b'"' as i8)));
        if mask != 0 {
            let found = at + mask.trailing_zeros() as usize;
            return (found < end).then(|| found);
        }
        at += 16;
    }
    None
}

#[cfg(not(target_feature = "simd128"))]
pub fn find_quote(buffer: &[u8], at: usize, end: usize) -> Option<usize> {
    buffer
        .get(at..end)?
        .iter()
        .position(|byte| *byte == b'"')
        .map(|index| at + index)
}
