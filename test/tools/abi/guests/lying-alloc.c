/* A module of the core interface whose allocator does not tell the truth. */
typedef unsigned char u8;
typedef unsigned int u32;
#define EXPORT(name) __attribute__((export_name(name)))
static u8 answer[] = "\"said\"";
EXPORT("malloc") u32 allocate(u32 size) { (void)size; return LIE; }
EXPORT("result_ptr") u8 *result_ptr(void) { return answer; }
EXPORT("result_len") u32 result_len(void) { return sizeof answer - 1; }
EXPORT("handle_tool_call") int handle_tool_call(const u8 *text, u32 size) { (void)text; (void)size; return 0; }
