/* A tool server without a library: clang --target=wasm32 -O2 -nostdlib -Wl,--no-entry. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(name)))
#define CAXTON(name) __attribute__((import_module("caxton"), import_name(name)))
#define ENV(name) __attribute__((import_module("env"), import_name(name)))

ENV("log") void host_log(u32 level, const u8 *text, u32 length);
CAXTON("current_timestamp") u64 current_timestamp(void);
CAXTON("sleep_micros") void sleep_micros(u64 micros);
CAXTON("store_data") int store_data(const u8 *key, u32 key_length, const u8 *value, u32 length);
CAXTON("load_data") int load_data(const u8 *key, u32 key_length, u8 *room, u32 length);

static u8 request[1 << 16];
static u8 result[1 << 16];
static u32 length;
static u32 said_length;
static u8 *said_at = result;

EXPORT("alloc") u8 *alloc(u32 size) { return size <= sizeof request ? request : 0; }
EXPORT("result_ptr") u8 *result_ptr(void) { return said_at; }
EXPORT("result_len") u32 result_len(void) { return said_length; }

static void begin(void) { length = 0; said_at = result; said_length = 0; }
static void put(u8 byte) { if (length < sizeof result) result[length++] = byte; said_length = length; }
static void say(const char *text) { while (*text) put((u8)*text++); }
static void say_number(long long number) {
  u8 digits[24];
  u32 count = 0;
  if (number < 0) { put('-'); number = -number; }
  do { digits[count++] = (u8)('0' + number % 10); number /= 10; } while (number);
  while (count) put(digits[--count]);
}

static int same(const u8 *text, const char *word) {
  while (*word) if (*text++ != (u8)*word++) return 0;
  return *text == '"';
}
/* The place behind `"key":`, or 0. */
static const u8 *find(const u8 *text, u32 size, const char *key) {
  for (u32 at = 0; at < size; at++) {
    if (text[at] != '"') continue;
    if (same(text + at + 1, key)) {
      const char *end = key;
      while (*end) end++;
      return text + at + (end - key) + 3;
    }
  }
  return 0;
}
static int number_at(const u8 *text) {
  int value = 0, sign = 1;
  if (!text) return 0;
  if (*text == '-') { sign = -1; text++; }
  while (*text >= '0' && *text <= '9') value = value * 10 + *text++ - '0';
  return sign * value;
}

#ifdef DESCRIBED
EXPORT("describe_tools") int describe_tools(void) {
  begin();
  say("{\"tools\":[");
  const char *names[] = {"add", "fail", "clock", "log", "remember", "recall", "loop", "outside", "huge", "utf8", "notjson", "deep", "then", "grow", "wait", "many"};
  for (u32 index = 0; index < sizeof names / sizeof *names; index++) {
    if (index) put(',');
    say("{\"name\":\"");
    say(names[index]);
    say("\",\"description\":\"does what it says\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"integer\"}}}}");
  }
  say("]}");
  return 0;
}
EXPORT("then") int then(void) { for (;;) request[0]++; }
#endif

EXPORT("handle_tool_call") int handle_tool_call(const u8 *text, u32 size) {
  const u8 *tool = find(text, size, "tool_name");
  begin();
  if (!tool) { say("there is no tool_name"); return 1; }
  tool++;
  if (same(tool, "add")) {
    say("{\"sum\":");
    say_number((long long)number_at(find(text, size, "a")) + number_at(find(text, size, "b")));
    say("}");
    return 0;
  }
  if (same(tool, "fail")) { say("it does not like that"); return 7; }
  if (same(tool, "clock")) { say_number((long long)current_timestamp()); return 0; }
  if (same(tool, "log")) { host_log(3, (const u8 *)"heard", 5); say("\"logged\""); return 0; }
  if (same(tool, "wait")) { sleep_micros(20000); say("\"waited\""); return 0; }
  if (same(tool, "remember")) { say_number(store_data((const u8 *)"k", 1, (const u8 *)"value", 5)); return 0; }
  if (same(tool, "recall")) {
    u8 room[16];
    int got = load_data((const u8 *)"k", 1, room, sizeof room);
    put('"');
    for (int at = 0; at < got && at < 16; at++) put(room[at]);
    put('"');
    return 0;
  }
  if (same(tool, "loop")) { for (;;) request[0]++; }
  if (same(tool, "outside")) { said_at = (u8 *)0xfffffff0u; said_length = 64; return 0; }
  if (same(tool, "huge")) { said_length = 0x7fffffff; return 0; }
  if (same(tool, "utf8")) { say("\"\xff\xfe\""); return 0; }
  if (same(tool, "notjson")) { say("sum: 3"); return 0; }
  if (same(tool, "deep")) { for (u32 at = 0; at < 200; at++) put('['); for (u32 at = 0; at < 200; at++) put(']'); return 0; }
  if (same(tool, "many")) { put('['); for (u32 at = 0; at < 30000; at++) say("1,"); say("1]"); return 0; }
  if (same(tool, "grow")) { say_number(__builtin_wasm_memory_grow(0, 60000)); return 0; }
  if (same(tool, "then")) { say("\"then\""); return 0; }
  say("there is no such tool");
  return 2;
}
