/* What an Extism plug-in imports, in as few words as the tests need. */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(name)))
#define EXTISM(name) __attribute__((import_module("extism:host/env"), import_name(name)))
#define USER(name) __attribute__((import_module("extism:host/user"), import_name(name)))

EXTISM("alloc") u64 host_alloc(u64 bytes);
EXTISM("free") void host_free(u64 offset);
EXTISM("length") u64 host_length(u64 offset);
EXTISM("load_u8") u32 load_u8(u64 offset);
EXTISM("load_u64") u64 load_u64(u64 offset);
EXTISM("store_u8") void store_u8(u64 offset, u32 value);
EXTISM("store_u64") void store_u64(u64 offset, u64 value);
EXTISM("input_length") u64 input_length(void);
EXTISM("input_load_u8") u32 input_load_u8(u64 offset);
EXTISM("input_load_u64") u64 input_load_u64(u64 offset);
EXTISM("output_set") void output_set(u64 offset, u64 length);
EXTISM("error_set") void error_set(u64 offset);
EXTISM("config_get") u64 config_get(u64 key);
EXTISM("var_get") u64 var_get(u64 key);
EXTISM("var_set") void var_set(u64 key, u64 value);
EXTISM("http_request") u64 http_request(u64 request, u64 body);
EXTISM("http_status_code") int http_status_code(void);
EXTISM("http_headers") u64 http_headers(void);
EXTISM("log_warn") void log_warn(u64 text);

static u8 in[1 << 16];
static u8 out[1 << 16];
static u32 out_length;

static u32 read_input(void) {
  u64 length = input_length(), at = 0;
  if (length > sizeof in - 8) length = sizeof in - 8;
  for (; at + 8 <= length; at += 8) *(u64 *)(in + at) = input_load_u64(at);
  for (; at < length; at++) in[at] = (u8)input_load_u8(at);
  in[length] = 0;
  return (u32)length;
}
static u64 to_host(const u8 *bytes, u32 length) {
  u64 offset = host_alloc(length), at = 0;
  for (; at < length; at++) store_u8(offset + at, bytes[at]);
  return offset;
}
static u32 size_of(const char *text) { u32 length = 0; while (text[length]) length++; return length; }
static u64 text_to_host(const char *text) { return to_host((const u8 *)text, size_of(text)); }
static void put(u8 byte) { if (out_length < sizeof out) out[out_length++] = byte; }
static void say(const char *text) { while (*text) put((u8)*text++); }
static void say_number(u64 number) {
  u8 digits[24];
  u32 count = 0;
  do { digits[count++] = (u8)('0' + number % 10); number /= 10; } while (number);
  while (count) put(digits[--count]);
}
static void say_block(u64 offset) { for (u64 at = 0, length = host_length(offset); at < length; at++) put((u8)load_u8(offset + at)); }
static int finish(void) { output_set(to_host(out, out_length), out_length); out_length = 0; return 0; }
static int same(const u8 *text, const char *word) { while (*word) if (*text++ != (u8)*word++) return 0; return 1; }
