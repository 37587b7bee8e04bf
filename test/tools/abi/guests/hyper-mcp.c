/* Extism plug-ins in the shape of hyper-mcp's servers: -DFIRST for describe and call, else list_tools and call_tool. */
#include "extism-pdk.h"

USER("notify_tool_list_changed") void notify_tool_list_changed(u64 context);

static const char *const TOOLS = "{\"tools\":[{\"name\":\"add\",\"description\":\"adds\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"integer\"}}}},{\"name\":\"broken\",\"description\":\"answers no result\",\"inputSchema\":{\"type\":\"object\"}}]}";

static int number_after(u32 length, const char *key) {
  for (u32 at = 0; at < length; at++) {
    if (!same(in + at, key)) continue;
    u32 place = at + size_of(key);
    int value = 0;
    while (in[place] >= '0' && in[place] <= '9') value = value * 10 + in[place++] - '0';
    return value;
  }
  return 0;
}
static int has(u32 length, const char *word) {
  for (u32 at = 0; at < length; at++) if (same(in + at, word)) return 1;
  return 0;
}

static int answer(void) {
  u32 length = read_input();
  if (has(length, "\"name\":\"broken\"")) { say("[1,2]"); return finish(); }
  say("{\"content\":[{\"type\":\"text\",\"text\":\"");
  say_number((u64)(number_after(length, "\"a\":") + number_after(length, "\"b\":")));
  say("\",\"annotations\":null}],\"isError\":null}");
  return finish();
}

#ifdef FIRST
EXPORT("describe") int describe(void) {
#ifdef ENDLESS
  for (;;) in[0]++;
#endif
  say(TOOLS);
  return finish();
}
EXPORT("call") int call(void) { return has(read_input(), "\"params\":{\"name\"") ? answer() : 1; }
#else
EXPORT("list_tools") int list_tools(void) {
  if (!has(read_input(), "\"context\":{\"id\":")) return 1;
  notify_tool_list_changed(0);
  say(TOOLS);
  return finish();
}
EXPORT("call_tool") int call_tool(void) { return has(read_input(), "\"request\":{\"name\"") ? answer() : 1; }
#endif
