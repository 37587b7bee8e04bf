/* An Extism plug-in of functions that take and give a text. */
#include "extism-pdk.h"

USER("mult") u64 foreign(u64 one, u64 other);

EXPORT("count_vowels") int count_vowels(void) {
  u32 length = read_input(), count = 0;
  for (u32 at = 0; at < length; at++) {
    u8 letter = in[at] | 0x20;
    count += letter == 'a' || letter == 'e' || letter == 'i' || letter == 'o' || letter == 'u';
  }
  say("{\"count\":");
  say_number(count);
  say("}");
  return finish();
}
EXPORT("echo") int echo(void) { u32 length = read_input(); for (u32 at = 0; at < length; at++) put(in[at]); return finish(); }
EXPORT("config") int config(void) { say_block(config_get(text_to_host("GREETING"))); return finish(); }
EXPORT("hidden") int hidden(void) { say_block(config_get(text_to_host("SECRET"))); return finish(); }
EXPORT("count_calls") int count_calls(void) {
  u64 key = text_to_host("calls"), known = var_get(key);
  u64 calls = host_length(known) == 8 ? load_u64(known) : 0;
  u64 next = host_alloc(8);
  store_u64(next, calls + 1);
  var_set(key, next);
  say_number(calls + 1);
  return finish();
}
EXPORT("fetch") int fetch(void) {
  read_input();
  say("{\"url\":\"");
  say((const char *)in);
  say("\",\"method\":\"GET\",\"headers\":{\"accept\":\"text/plain\"}}");
  u64 request = to_host(out, out_length);
  out_length = 0;
  u64 body = http_request(request, 0);
  say_number((u64)http_status_code());
  put(' ');
  say_block(body);
  put(' ');
  say_block(http_headers());
  return finish();
}
EXPORT("warn") int warn(void) { log_warn(text_to_host("careful")); say("ok"); return finish(); }
EXPORT("fail") int fail(void) { error_set(text_to_host("it does not like that")); return 1; }
EXPORT("code") int code(void) { return 7; }
EXPORT("silent_fail") int silent_fail(void) { error_set(text_to_host("said so, and returned 0")); return 0; }
EXPORT("foreign") int call_foreign(void) { say_number(foreign(1, 2)); return finish(); }
/* Hostile from here on. */
EXPORT("loop") int loop(void) { for (;;) in[0]++; }
EXPORT("wrong_offset") int wrong_offset(void) { return (int)load_u8(0xffffffffffffull); }
EXPORT("negative_offset") int negative_offset(void) { store_u64(0xfffffffffffffff8ull, 1); return 0; }
EXPORT("huge_alloc") int huge_alloc(void) { say_number(host_alloc(1ull << 40)); return finish(); }
EXPORT("alloc_forever") int alloc_forever(void) { for (;;) host_alloc(1 << 20); }
EXPORT("alloc_small") int alloc_small(void) { for (;;) host_alloc(1); }
EXPORT("free_all") int free_all(void) {
  for (u32 at = 0; at < 20000; at++) host_free(host_alloc(1 << 12));
  say("freed");
  return finish();
}
EXPORT("vars_over_cap") int vars_over_cap(void) {
  u8 key[2] = {'a', 0};
  for (u32 at = 0; at < 20; at++) { key[0] = (u8)('a' + at); var_set(to_host(key, 1), host_alloc(1 << 17)); }
  say("all kept");
  return finish();
}
EXPORT("output_outside") int output_outside(void) { output_set(1 << 20, 1 << 10); return 0; }
EXPORT("error_flood") int error_flood(void) { error_set(host_alloc(1 << 22)); return 1; }
EXPORT("url_flood") int url_flood(void) {
  u64 head = text_to_host("{\"url\":\""), length = 6 << 20, block = host_alloc(length);
  for (u64 at = 0; at < length; at += 8) store_u64(block + at, at < 8 ? load_u64(head) : 0x7878787878787878ull);
  store_u64(block + length - 8, 0x7d22787878787878ull);
  http_request(block, 0);
  return 0;
}
EXPORT("body_flood") int body_flood(void) { http_request(text_to_host("{\"url\":\"https://example.org/\"}"), host_alloc(17 << 20)); return 0; }
EXPORT("deep_request") int deep_request(void) {
  u64 request = host_alloc(4096);
  for (u64 at = 0; at < 4096; at++) store_u8(request + at, '[');
  http_request(request, 0);
  return 0;
}
EXPORT("output_flood") int output_flood(void) { output_set(host_alloc(1 << 22), 1 << 22); return 0; }
EXPORT("bad_utf8") int bad_utf8(void) { put(0xff); put(0xfe); return finish(); }
EXPORT("log_flood") int log_flood(void) { u64 text = host_alloc(1 << 16); for (u32 at = 0; at < 1000; at++) log_warn(text); say("said"); return finish(); }
EXPORT("then") int then(void) { say("then"); return finish(); }
EXPORT("recurse") int recurse(void) { volatile u8 room[64]; room[0] = (u8)recurse(); return room[0] + 1; }
