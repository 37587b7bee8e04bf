/* The module of a component that is a program: an MCP server over the streams of WASI 0.2. Its memory is another module's. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define HOST(name) __attribute__((import_module("h"), import_name(name)))
HOST("read") void blocking_read(u32 stream, u64 length, u32 *result);
HOST("write") void blocking_write(u32 stream, const u8 *bytes, u32 length, u32 *result);
HOST("stdin") u32 get_stdin(void);
HOST("stdout") u32 get_stdout(void);

static u8 line[1 << 14], out[1 << 12];
static u32 filled, length;

static void say(const char *text) { while (*text) out[length++] = (u8)*text++; }
static u32 find(const char *word, u32 from, u32 end) {
  for (u32 at = from; at < end; at++) {
    u32 place = 0;
    while (word[place] && at + place < end && line[at + place] == (u8)word[place]) place++;
    if (!word[place]) return at + place;
  }
  return 0;
}

static void answer(u32 from, u32 end, u32 stdout_stream) {
  u32 result[4], id = find("\"id\":", from, end);
  if (!id) return;
  length = 0;
  say("{\"jsonrpc\":\"2.0\",\"id\":");
  while (line[id] >= '0' && line[id] <= '9') out[length++] = line[id++];
  say(",\"result\":");
  if (find("\"initialize\"", from, end)) say("{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"serverInfo\":{\"name\":\"p\",\"version\":\"1\"}}");
  else if (find("\"tools/list\"", from, end)) say("{\"tools\":[{\"name\":\"ping\",\"inputSchema\":{\"type\":\"object\"}},{\"name\":\"leave\",\"inputSchema\":{\"type\":\"object\"}}]}");
  else say("{\"content\":[{\"type\":\"text\",\"text\":\"pong\"}]}");
  say("}\n");
  blocking_write(stdout_stream, out, length, result);
}

__attribute__((export_name("run"))) int run(void) {
  u32 in = get_stdin(), stdout_stream = get_stdout(), result[4];
  for (;;) {
    blocking_read(in, sizeof line - filled, result);
    if (*(u8 *)result != 0) return 0;
    const u8 *bytes = (const u8 *)result[1];
    for (u32 at = 0; at < result[2]; at++) line[filled++] = bytes[at];
    u32 from = 0;
    for (u32 at = 0; at < filled; at++) {
      if (line[at] != '\n') continue;
      int leaves = find("\"leave\"", from, at) != 0;
      answer(from, at, stdout_stream);
      if (leaves) return 0;
      from = at + 1;
    }
    for (u32 at = from; at < filled; at++) line[at - from] = line[at];
    filled -= from;
  }
}
