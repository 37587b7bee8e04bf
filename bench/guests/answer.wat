;; The least a tool server can be: it answers initialize, tools/list and tools/call with texts that it has ready, so that
;; what is measured is the way to it and back. It relies on the order of keys in the sandbox's requests.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 100) "{\"jsonrpc\":\"2.0\",\"id\":")
  (data (i32.const 200) ",\"result\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"answer\",\"version\":\"1\"}}}\n")
  (data (i32.const 400) ",\"result\":{\"tools\":[{\"name\":\"answer\",\"inputSchema\":{\"type\":\"object\"}}]}}\n")
  (data (i32.const 600) ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"the answer to what was asked\"}]}}\n")

  ;; The first place from $at on where $byte stands.
  (func $find (param $at i32) (param $byte i32) (result i32)
    (loop $next
      (if (i32.ne (i32.load8_u (local.get $at)) (local.get $byte))
        (then (local.set $at (i32.add (local.get $at) (i32.const 1))) (br $next))))
    (local.get $at))

  (func $answer (param $id i32) (param $end i32) (param $tail i32) (param $length i32)
    (i32.store (i32.const 0) (i32.const 100))
    (i32.store (i32.const 4) (i32.const 22))
    (i32.store (i32.const 8) (local.get $id))
    (i32.store (i32.const 12) (i32.sub (local.get $end) (local.get $id)))
    (i32.store (i32.const 16) (local.get $tail))
    (i32.store (i32.const 20) (local.get $length))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 3) (i32.const 64))))

  (func $line (param $at i32)
    (local $end i32)
    (local $method i32)
    ;; A notification has no id.
    (if (i32.eq (i32.load8_u (i32.add (local.get $at) (i32.const 18))) (i32.const 109)) (then (return)))
    (local.set $at (i32.add (local.get $at) (i32.const 22)))
    (local.set $end (call $find (local.get $at) (i32.const 44)))
    (local.set $method (i32.add (local.get $end) (i32.const 11)))
    (if (i32.eq (i32.load8_u (local.get $method)) (i32.const 105))
      (then (call $answer (local.get $at) (local.get $end) (i32.const 200) (i32.const 117)) (return)))
    (if (i32.eq (i32.load8_u (i32.add (local.get $method) (i32.const 6))) (i32.const 108))
      (then (call $answer (local.get $at) (local.get $end) (i32.const 400) (i32.const 73)) (return)))
    (call $answer (local.get $at) (local.get $end) (i32.const 600) (i32.const 79)))

  (func (export "_start")
    (local $at i32)
    (local $end i32)
    (loop $again
      (i32.store (i32.const 32) (i32.const 8192))
      (i32.store (i32.const 36) (i32.const 65536))
      (br_if $again (call $fd_read (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 64)))
      (local.set $at (i32.const 8192))
      (local.set $end (i32.add (i32.const 8192) (i32.load (i32.const 64))))
      (block $done
        (loop $lines
          (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
          (call $line (local.get $at))
          (local.set $at (i32.add (call $find (local.get $at) (i32.const 10)) (i32.const 1)))
          (br $lines)))
      (br $again))))
