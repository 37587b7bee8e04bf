;; A tool server in as little as it takes: it answers initialize and tools/list, and its tools do with the host what no
;; ordinary program does. It relies on the order of keys in the sandbox's requests.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (memory (export "memory") 2)

  (data (i32.const 100) "{\"jsonrpc\":\"2.0\",\"id\":")
  (data (i32.const 200) ",\"result\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"probe\",\"version\":\"1\"}}}\n")
  (data (i32.const 400) ",\"result\":{\"tools\":[{\"name\":\"answer\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"sleep\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"exit\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"both\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"host\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"keep\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"twice\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"more\",\"inputSchema\":{\"type\":\"object\"}}]}}\n")
  (data (i32.const 1000) ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"ok\"}]}}\n")
  (data (i32.const 1100) "data/file.txt")

  (global $used (mut i32) (i32.const 0))

  ;; Answers the request whose id stands at 8214, with what stands at $tail.
  (func $answer (param $tail i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.const 8214))
    (block $found
      (loop $next
        (br_if $found (i32.eq (i32.load8_u (local.get $end)) (i32.const 44)))
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br $next)))
    (i32.store (i32.const 0) (i32.const 100))
    (i32.store (i32.const 4) (i32.const 22))
    (i32.store (i32.const 8) (i32.const 8214))
    (i32.store (i32.const 12) (i32.sub (local.get $end) (i32.const 8214)))
    (i32.store (i32.const 16) (local.get $tail))
    (i32.store (i32.const 20) (local.get $length))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 3) (i32.const 64))))

  (func $ok (call $answer (i32.const 1000) (i32.const 53)))

  ;; Waits a minute; with $input, or for input.
  (func $wait (param $input i32)
    (i64.store (i32.const 2000) (i64.const 1))
    (i64.store (i32.const 2008) (i64.const 0))
    (i64.store (i32.const 2016) (i64.const 1))
    (i64.store (i32.const 2024) (i64.const 60000000000))
    (i64.store (i32.const 2032) (i64.const 0))
    (i64.store (i32.const 2040) (i64.const 0))
    (i64.store (i32.const 2048) (i64.const 2))
    (i64.store (i32.const 2056) (i64.const 1))
    (i64.store (i32.const 2064) (i64.const 0))
    (drop (call $poll (i32.const 2000) (i32.const 3000) (i32.add (i32.const 1) (local.get $input)) (i32.const 64))))

  ;; Calls into the host for ever.
  (func $pester
    (loop $again
      (drop (call $random (i32.const 5000) (i32.const 16)))
      (br $again)))

  ;; Opens files for ever and closes none; stops at the first refusal.
  (func $hoard
    (loop $again
      (br_if $again
        (i32.eqz (call $open (i32.const 4) (i32.const 0) (i32.const 1100) (i32.const 13) (i32.const 0)
          (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64))))))

  (func $call
    (local $at i32)
    (local $name i32)
    ;; The tool's name follows the one of the method: ,"method":"tools/call","params":{"name":"
    (local.set $at (i32.const 8214))
    (block $found
      (loop $next
        (br_if $found (i32.eq (i32.load8_u (local.get $at)) (i32.const 44)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.set $name (i32.load8_u (i32.add (local.get $at) (i32.const 41))))
    (if (i32.eq (local.get $name) (i32.const 97)) (then (call $ok)))                      ;; answer
    (if (i32.eq (local.get $name) (i32.const 115)) (then (call $wait (i32.const 0)) (call $ok))) ;; sleep
    (if (i32.eq (local.get $name) (i32.const 101)) (then (call $ok) (call $exit (i32.const 0)))) ;; exit
    (if (i32.eq (local.get $name) (i32.const 98)) (then (call $wait (i32.const 1)) (call $ok)))  ;; both
    (if (i32.eq (local.get $name) (i32.const 104)) (then (call $pester)))                 ;; host
    (if (i32.eq (local.get $name) (i32.const 107)) (then (call $hoard) (call $ok)))       ;; keep
    (if (i32.eq (local.get $name) (i32.const 116)) (then (call $ok) (call $ok)))          ;; twice
    ;; more: answers, and then works on without end
    (if (i32.eq (local.get $name) (i32.const 109)) (then (call $ok) (loop $on (br $on)))))

  (func $line
    (local $method i32)
    ;; A notification has no id.
    (if (i32.eq (i32.load8_u (i32.const 8210)) (i32.const 109)) (then (return)))
    (local.set $method (i32.const 8214))
    (block $found
      (loop $next
        (br_if $found (i32.eq (i32.load8_u (local.get $method)) (i32.const 44)))
        (local.set $method (i32.add (local.get $method) (i32.const 1)))
        (br $next)))
    (local.set $method (i32.add (local.get $method) (i32.const 11)))
    (if (i32.eq (i32.load8_u (local.get $method)) (i32.const 105))
      (then (call $answer (i32.const 200) (i32.const 116)) (return)))
    (if (i32.eq (i32.load8_u (i32.add (local.get $method) (i32.const 6))) (i32.const 108))
      (then (call $answer (i32.const 400) (i32.const 411)) (return)))
    (call $call))

  (func (export "_start")
    (local $at i32)
    (loop $again
      ;; One line at a time: its bytes come one by one, so that the next stays where it is.
      (global.set $used (i32.const 0))
      (block $whole
        (loop $next
          (i32.store (i32.const 32) (i32.add (i32.const 8192) (global.get $used)))
          (i32.store (i32.const 36) (i32.const 1))
          (br_if $whole (call $fd_read (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 64)))
          (local.set $at (i32.add (i32.const 8192) (global.get $used)))
          (global.set $used (i32.add (global.get $used) (i32.const 1)))
          (br_if $whole (i32.eq (i32.load8_u (local.get $at)) (i32.const 10)))
          (br $next)))
      (call $line)
      (br $again))))
