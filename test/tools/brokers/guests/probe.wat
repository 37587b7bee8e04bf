;; A tool server of the core interface that asks the host for what it is told to, as docs/tools/host-calls.md describes.
;;
;; 0x00400 texts   0x10000 the call, as JSON   0x800000 a request   0xC00000 its answer   0x1000000 the result
(module
  (import "caxton" "request" (func $request (param i32 i32 i32 i32) (result i32)))
  (import "caxton" "response_size" (func $response_size (result i32)))
  (import "caxton" "response" (func $response (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 512)

  (data (i32.const 0x400) "\"op\":\"")
  (data (i32.const 0x410) "\"hex\":\"")
  (data (i32.const 0x420) "\"tool_name\":\"")
  (data (i32.const 0x440) "{\"content\":[{\"type\":\"text\",\"text\":\"")
  (data (i32.const 0x470) "\"}]}")
  (data (i32.const 0x480) "state.get")
  (data (i32.const 0x490) "\0b\00\00\00{\"key\":\"a\"}")
  (data (i32.const 0x500) "{\"tools\":[{\"name\":\"ask\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"beyond\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"long\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"huge\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"flood\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"environment\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"time\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"start\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"response\",\"inputSchema\":{\"type\":\"object\"}}]}")

  (global $at (mut i32) (i32.const 0x500))
  (global $length (mut i32) (i32.const 0x1e9))
  (global $early (mut i32) (i32.const -1))
  (global $out (mut i32) (i32.const 0))

  (func (export "result_ptr") (result i32) (global.get $at))
  (func (export "result_len") (result i32) (global.get $length))
  (func (export "caxton_alloc") (param i32) (result i32) (i32.const 0x10000))

  ;; Asks before there is a call.
  (func (export "_initialize")
    (global.set $early
      (call $request (i32.const 0x480) (i32.const 9) (i32.const 0x490) (i32.const 15))))

  (func (export "describe_tools") (result i32)
    (local $end i32)
    (global.set $at (i32.const 0x500))
    (local.set $end (i32.const 0x500))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (i32.load8_u (local.get $end))))
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br $next)))
    (global.set $length (i32.sub (local.get $end) (i32.const 0x500)))
    (i32.const 0))

  ;; Where what follows a text in the call begins.
  (func $after (param $text i32) (param $length i32) (result i32)
    (local $from i32) (local $i i32)
    (local.set $from (i32.const 0x10000))
    (loop $place
      (local.set $i (i32.const 0))
      (block $differs
        (loop $char
          (br_if $differs
            (i32.ne
              (i32.load8_u (i32.add (local.get $from) (local.get $i)))
              (i32.load8_u (i32.add (local.get $text) (local.get $i)))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $char (i32.lt_u (local.get $i) (local.get $length))))
        (return (i32.add (local.get $from) (local.get $length))))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $place (i32.lt_u (local.get $from) (i32.const 0x7ff000))))
    (i32.const 0x7ff000))

  ;; Characters up to the next quote.
  (func $span (param $from i32) (result i32)
    (local $end i32)
    (local.set $end (local.get $from))
    (block $done
      (loop $next
        (br_if $done (i32.eq (i32.load8_u (local.get $end)) (i32.const 34)))
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $end) (i32.const 0x800000)))))
    (i32.sub (local.get $end) (local.get $from)))

  (func $digit (param $char i32) (result i32)
    (select
      (i32.sub (local.get $char) (i32.const 48))
      (i32.sub (local.get $char) (i32.const 87))
      (i32.lt_u (local.get $char) (i32.const 58))))

  (func $decode (param $from i32) (param $chars i32) (param $to i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $from) (local.get $chars)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (i32.store8 (local.get $to)
          (i32.or
            (i32.shl (call $digit (i32.load8_u (local.get $from))) (i32.const 4))
            (call $digit (i32.load8_u offset=1 (local.get $from)))))
        (local.set $from (i32.add (local.get $from) (i32.const 2)))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (br $next))))

  (func $nibble (param $value i32)
    (i32.store8 (global.get $out)
      (i32.add (local.get $value)
        (select (i32.const 87) (i32.const 48) (i32.gt_u (local.get $value) (i32.const 9)))))
    (global.set $out (i32.add (global.get $out) (i32.const 1))))
  (func $byte (param $value i32)
    (call $nibble (i32.and (i32.shr_u (local.get $value) (i32.const 4)) (i32.const 15)))
    (call $nibble (i32.and (local.get $value) (i32.const 15))))
  (func $bytes (param $from i32) (param $count i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (call $byte (i32.load8_u (local.get $from)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next))))

  (func $open
    (memory.copy (i32.const 0x1000000) (i32.const 0x440) (i32.const 35))
    (global.set $out (i32.const 0x1000023)))
  (func $close
    (memory.copy (global.get $out) (i32.const 0x470) (i32.const 4))
    (global.set $at (i32.const 0x1000000))
    (global.set $length (i32.add (i32.sub (global.get $out) (i32.const 0x1000000)) (i32.const 4))))

  ;; Asks for what the call says; 0 granted, 1 refused.
  (func $ask (result i32)
    (local $op i32) (local $hex i32) (local $chars i32)
    (local.set $op (call $after (i32.const 0x400) (i32.const 6)))
    (local.set $hex (call $after (i32.const 0x410) (i32.const 7)))
    (local.set $chars (call $span (local.get $hex)))
    (call $decode (local.get $hex) (local.get $chars) (i32.const 0x800000))
    (call $request
      (local.get $op) (call $span (local.get $op))
      (i32.const 0x800000) (i32.shr_u (local.get $chars) (i32.const 1))))

  (func $answer (param $code i32)
    (local $count i32)
    (local.set $count (call $response (i32.const 0xC00000) (i32.const 0x3f0000)))
    (call $byte (local.get $code))
    (call $bytes (i32.const 0xC00000) (local.get $count)))

  (func (export "handle_tool_call") (param $ptr i32) (param $len i32) (result i32)
    (local $tool i32) (local $left i32)
    ;; So that a search ends in the call itself.
    (i32.store8 (i32.add (local.get $ptr) (local.get $len)) (i32.const 34))
    (local.set $tool (i32.load8_u (call $after (i32.const 0x420) (i32.const 13))))
    (call $open)
    ;; ask: the code, and the answer
    (if (i32.eq (local.get $tool) (i32.const 97)) (then (call $answer (call $ask))))
    ;; beyond: a name outside of memory
    (if (i32.eq (local.get $tool) (i32.const 98))
      (then (drop (call $request (i32.const -16) (i32.const 9) (i32.const 0x490) (i32.const 15)))))
    ;; long: a name past measure
    (if (i32.eq (local.get $tool) (i32.const 108))
      (then (drop (call $request (i32.const 0x480) (i32.const 100000) (i32.const 0x490) (i32.const 15)))))
    ;; huge: a request past measure
    (if (i32.eq (local.get $tool) (i32.const 104))
      (then (drop (call $request (i32.const 0x480) (i32.const 9) (i32.const 0x490) (i32.const 0x1000001)))))
    ;; response: a place for the answer outside of memory
    (if (i32.eq (local.get $tool) (i32.const 114))
      (then
        (drop (call $request (i32.const 0x480) (i32.const 9) (i32.const 0x490) (i32.const 15)))
        (drop (call $response (i32.const -8) (i32.const 0x100)))))
    ;; flood: the same a thousand times; how often it was granted is in the last byte
    (if (i32.eq (local.get $tool) (i32.const 102))
      (then
        (local.set $left (i32.const 1000))
        (loop $again
          (drop (call $ask))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br_if $again (local.get $left)))
        (call $answer (call $ask))))
    ;; environment: every variable, and a line of them to standard error
    (if (i32.eq (local.get $tool) (i32.const 101))
      (then
        (drop (call $environ_sizes_get (i32.const 0x800) (i32.const 0x804)))
        (drop (call $environ_get (i32.const 0x1000) (i32.const 0x2000)))
        (i32.store (i32.const 0x808) (i32.const 0x2000))
        (i32.store (i32.const 0x80c) (i32.load (i32.const 0x804)))
        (drop (call $fd_write (i32.const 2) (i32.const 0x808) (i32.const 1) (i32.const 0x810)))
        (call $bytes (i32.const 0x2000) (i32.load (i32.const 0x804)))))
    ;; time: the time, and eight random bytes
    (if (i32.eq (local.get $tool) (i32.const 116))
      (then
        (drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 0x800)))
        (drop (call $random_get (i32.const 0x808) (i32.const 8)))
        (call $bytes (i32.const 0x800) (i32.const 16))))
    ;; start: what came of asking before there was a call
    (if (i32.eq (local.get $tool) (i32.const 115)) (then (call $byte (global.get $early))))
    (call $close)
    (i32.const 0)))
