//! A module of the core interface in Rust, without the standard library: rustc --target wasm32-unknown-unknown.
#![no_std]
#![no_main]

use core::ptr::{addr_of, addr_of_mut};

static mut REQUEST: [u8; 4096] = [0; 4096];
static mut RESULT: [u8; 4096] = [0; 4096];
static mut LENGTH: usize = 0;

const TOOLS: &[u8] = br#"{"tools":[{"name":"reverse","description":"Turns a text around","inputSchema":{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}}]}"#;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

fn say(parts: &[&[u8]]) {
    unsafe {
        LENGTH = 0;
        let room = &mut *addr_of_mut!(RESULT);
        for part in parts {
            for byte in part.iter() {
                if LENGTH < room.len() {
                    room[LENGTH] = *byte;
                    LENGTH += 1;
                }
            }
        }
    }
}

#[no_mangle]
extern "C" fn caxton_alloc(size: usize) -> *mut u8 {
    if size > 4096 { core::ptr::null_mut() } else { unsafe { addr_of_mut!(REQUEST) as *mut u8 } }
}

#[no_mangle]
extern "C" fn result_ptr() -> *const u8 {
    unsafe { addr_of!(RESULT) as *const u8 }
}

#[no_mangle]
extern "C" fn result_len() -> usize {
    unsafe { LENGTH }
}

#[no_mangle]
extern "C" fn describe_tools() -> i32 {
    say(&[TOOLS]);
    0
}

#[no_mangle]
extern "C" fn handle_tool_call(at: *const u8, length: usize) -> i32 {
    let request = unsafe { core::slice::from_raw_parts(at, length) };
    let key = b"\"text\":\"";
    let start = match request.windows(key.len()).position(|window| window == key) {
        Some(place) => place + key.len(),
        None => {
            say(&[b"there is no text"]);
            return 1;
        }
    };
    let end = request[start..].iter().position(|byte| *byte == b'"').map_or(request.len(), |place| start + place);
    let mut turned = [0u8; 1024];
    let count = (end - start).min(turned.len());
    for place in 0..count {
        turned[place] = request[start + count - 1 - place];
    }
    say(&[b"\"", &turned[..count], b"\""]);
    0
}
