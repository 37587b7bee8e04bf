;; A tool server of the core interface that sends one message with the function of older hosts, and tells whether it may.
(module
  (import "env" "send_message" (func $send (param i32 i32) (result i32)))
  (memory (export "memory") 1)

  (data (i32.const 0x10) "{\"receiver\":\"listener\",\"content\":\"hello\"}")
  (data (i32.const 0x100) "\"sent\"")
  (data (i32.const 0x110) "\"refused\"")

  (global $at (mut i32) (i32.const 0x100))
  (global $length (mut i32) (i32.const 6))

  (func (export "result_ptr") (result i32) (global.get $at))
  (func (export "result_len") (result i32) (global.get $length))
  (func (export "caxton_alloc") (param i32) (result i32) (i32.const 0x1000))
  (func (export "handle_tool_call") (param i32 i32) (result i32)
    (global.set $at (i32.const 0x100))
    (global.set $length (i32.const 6))
    (if (call $send (i32.const 0x10) (i32.const 41))
      (then
        (global.set $at (i32.const 0x110))
        (global.set $length (i32.const 9))))
    (i32.const 0)))
