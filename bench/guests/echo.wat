;; An Extism plug-in whose one function gives back the text that it takes: what is left is the way to it and back.
(module
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input_load_u8 (param i64) (result i32)))
  (import "extism:host/env" "input_load_u64" (func $input_load_u64 (param i64) (result i64)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "store_u64" (func $store_u64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "echo") (result i32)
    (local $at i64) (local $length i64) (local $out i64)
    (local.set $length (call $input_length))
    (local.set $out (call $alloc (local.get $length)))
    (block $bytes
      (loop $next
        (br_if $bytes (i64.gt_u (i64.add (local.get $at) (i64.const 8)) (local.get $length)))
        (call $store_u64 (i64.add (local.get $out) (local.get $at)) (call $input_load_u64 (local.get $at)))
        (local.set $at (i64.add (local.get $at) (i64.const 8)))
        (br $next)))
    (block $done
      (loop $next
        (br_if $done (i64.ge_u (local.get $at) (local.get $length)))
        (call $store_u8 (i64.add (local.get $out) (local.get $at)) (call $input_load_u8 (local.get $at)))
        (local.set $at (i64.add (local.get $at) (i64.const 1)))
        (br $next)))
    (call $output_set (local.get $out) (local.get $length))
    (i32.const 0)))
