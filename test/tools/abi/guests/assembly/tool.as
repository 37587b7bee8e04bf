// A module of the core interface in AssemblyScript: asc tool.ts --runtime incremental.
@external("env", "log")
declare function hostLog(level: i32, at: usize, length: i32): void;

let result: ArrayBuffer = new ArrayBuffer(0);

export function caxton_alloc(size: i32): usize {
  return __pin(__new(size, idof<ArrayBuffer>()));
}
export function caxton_free(at: usize): void {
  __unpin(at);
}
export function result_ptr(): usize {
  return changetype<usize>(result);
}
export function result_len(): i32 {
  return result.byteLength;
}

function say(text: string): void {
  result = String.UTF8.encode(text);
}

export function describe_tools(): i32 {
  say('{"tools":[{"name":"shout","description":"Says it louder","inputSchema":{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}},{"name":"give_up","description":"Aborts","inputSchema":{"type":"object"}}]}');
  return 0;
}

export function handle_tool_call(at: usize, length: i32): i32 {
  const request = String.UTF8.decodeUnsafe(at, length);
  if (request.includes('"tool_name":"give_up"')) throw new Error("no more");
  const start = request.indexOf('"text":"');
  if (start < 0) {
    say("there is no text");
    return 3;
  }
  const text = request.substring(start + 8, request.indexOf('"', start + 8));
  const heard = String.UTF8.encode("heard it");
  hostLog(2, changetype<usize>(heard), heard.byteLength);
  say('"' + text.toUpperCase() + '!"');
  return 0;
}
