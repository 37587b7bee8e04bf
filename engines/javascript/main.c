/*
 * The JavaScript engine of a tool server: QuickJS as a WASI preview 1 command.
 *
 * It lives in two steps. While a tool is built, the module is instantiated by the builder, which calls the functions
 * marked BUILDER: the runtime and then the author's program are evaluated, and the memory as it then is becomes the
 * data of the finished module. When the tool is started there is nothing left to do but to wait for the first line.
 *
 * E1. Nothing here keeps a descriptor, an address outside the memory or the time from one step to the other.
 * E2. The file system is used through WASI itself and never through the C library, whose table of open directories
 *     would be made while building, when there are none.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>
#include "quickjs.h"

#define BUILDER(name) __attribute__((export_name(name)))
#define HOST(name) __attribute__((import_module("caxton"), import_name(name)))

HOST("request") int host_request(const void *op, size_t op_size, const void *body, size_t body_size);
HOST("response_size") int host_response_size(void);
HOST("response") int host_response(void *to, size_t size);

enum {
  STDIN = 0,
  STDOUT = 1,
  STDERR = 2,
  FIRST_PREOPEN = 3,
  READ_CHUNK = 4096,
  LINE_KEPT = 65536,
  NAME_MAX_BYTES = 4096,
  /* Deep enough for any sensible recursion; the host's own stack holds more than that. */
  STACK_BYTES = 96 * 1024,
};

static JSRuntime *runtime;
static JSContext *context;
static JSValue protocol; /* what the runtime's script returned: receive, step, adopt, failed, rejected, api */
static JSValue program;  /* the author's module, when it could not be evaluated while it was built */
static int program_waits;
static char *message;

/* ---- memory ----------------------------------------------------------------------------------------------------- */

/* While building, what is freed is cleared: it would be stored as data of the module otherwise. */
static int builds = 1;

static void clean_free(void *opaque, void *at) {
  if (at && builds) explicit_bzero(at, malloc_usable_size(at)); /* a memset before free is optimised away */
  free(at);
}

static void *clean_realloc(void *opaque, void *at, size_t size) {
  if (!builds || !at) return realloc(at, size);
  if (size == 0) return clean_free(opaque, at), NULL;
  size_t before = malloc_usable_size(at);
  void *larger = malloc(size);
  if (!larger) return NULL;
  memcpy(larger, at, before < size ? before : size);
  clean_free(opaque, at);
  return larger;
}

static void *plain_calloc(void *opaque, size_t count, size_t size) { return calloc(count, size); }
static void *plain_malloc(void *opaque, size_t size) { return malloc(size); }
static size_t usable_size(const void *at) { return malloc_usable_size((void *)at); }

static const JSMallocFunctions MEMORY = {plain_calloc, plain_malloc, clean_free, clean_realloc, usable_size};

/* ---- descriptors ------------------------------------------------------------------------------------------------ */

static void write_all(int fd, const char *bytes, size_t size) {
  while (size > 0) {
    __wasi_ciovec_t part = {(const uint8_t *)bytes, size};
    size_t written = 0;
    if (__wasi_fd_write(fd, &part, 1, &written) != 0 || written == 0) return;
    bytes += written;
    size -= written;
  }
}

/* Nothing can be done when it fails, and nothing is lost. */
static void close_descriptor(__wasi_fd_t fd) {
  if (__wasi_fd_close(fd) != 0) return;
}

static JSValue fail_errno(int error) { return JS_NewInt32(context, error); }

static JSValue js_write(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  int fd;
  size_t size;
  if (JS_ToInt32(ctx, &fd, argv[0])) return JS_EXCEPTION;
  const char *text = JS_ToCStringLen(ctx, &size, argv[1]);
  if (!text) return JS_EXCEPTION;
  write_all(fd == STDERR ? STDERR : STDOUT, text, size);
  JS_FreeCString(ctx, text);
  return JS_UNDEFINED;
}

/* The open directory that a path is under: `.` for relative paths, `/` for absolute ones; -1 when there is none. */
static int preopen_for(const char **path, size_t *size) {
  char wanted = (*size > 0 && (*path)[0] == '/') ? '/' : '.';
  for (int fd = FIRST_PREOPEN;; fd++) {
    __wasi_prestat_t stat;
    uint8_t name[2];
    if (__wasi_fd_prestat_get(fd, &stat) != 0) return -1;
    if (stat.tag != __WASI_PREOPENTYPE_DIR || stat.u.dir.pr_name_len != 1) continue;
    if (__wasi_fd_prestat_dir_name(fd, name, 1) != 0 || name[0] != wanted) continue;
    while (wanted == '/' && *size > 0 && (*path)[0] == '/') (*path)++, (*size)--;
    if (*size == 0) *path = ".", *size = 1;
    return fd;
  }
}

typedef struct {
  const char *text;
  const char *rest;
  size_t size;
  int directory;
} Path;

static int take_path(JSContext *ctx, Path *path, JSValueConst value) {
  path->text = JS_ToCStringLen(ctx, &path->size, value);
  if (!path->text) return -1;
  path->rest = path->text;
  path->directory = preopen_for(&path->rest, &path->size);
  return 0;
}

static int open_path(const Path *path, int flags, __wasi_rights_t rights, __wasi_fd_t *fd) {
  if (path->directory < 0) return __WASI_ERRNO_NOENT;
  char *rest = strndup(path->rest, path->size);
  if (!rest) return __WASI_ERRNO_NOMEM;
  int error = __wasi_path_open(path->directory, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, rest, flags, rights, 0, 0, fd);
  free(rest);
  return error;
}

/* The whole of a file as bytes, or the number of the error. */
static JSValue js_read_file(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  Path path;
  __wasi_fd_t fd;
  if (take_path(ctx, &path, argv[0])) return JS_EXCEPTION;
  int error = open_path(&path, 0, __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_FILESTAT_GET, &fd);
  JS_FreeCString(ctx, path.text);
  if (error) return fail_errno(error);
  __wasi_filestat_t stat;
  size_t size = 0, room = READ_CHUNK;
  /* One byte more than the file has, so that its end is seen without growing. */
  if (__wasi_fd_filestat_get(fd, &stat) == 0 && stat.size < SIZE_MAX / 2) room = (size_t)stat.size + 1;
  uint8_t *bytes = malloc(room);
  while (bytes) {
    if (size == room) {
      uint8_t *larger = realloc(bytes, room *= 2);
      if (!larger) free(bytes);
      if (!(bytes = larger)) break;
    }
    __wasi_iovec_t part = {bytes + size, room - size};
    size_t read = 0;
    error = __wasi_fd_read(fd, &part, 1, &read);
    if (error || read == 0) break;
    size += read;
  }
  close_descriptor(fd);
  if (!bytes) return JS_ThrowOutOfMemory(ctx);
  JSValue result = error ? fail_errno(error) : JS_NewUint8ArrayCopy(ctx, bytes, size);
  free(bytes);
  return result;
}

/* Writes a whole file anew, or at its end; 0, or the number of the error. */
static JSValue js_write_file(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  Path path;
  __wasi_fd_t fd;
  size_t size, done = 0;
  uint8_t *bytes = JS_GetUint8Array(ctx, &size, argv[1]);
  if (!bytes && size > 0) return JS_EXCEPTION;
  int appends = JS_ToBool(ctx, argv[2]);
  if (take_path(ctx, &path, argv[0])) return JS_EXCEPTION;
  int flags = __WASI_OFLAGS_CREAT | (appends ? 0 : __WASI_OFLAGS_TRUNC);
  int error = open_path(&path, flags, __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_SEEK, &fd);
  JS_FreeCString(ctx, path.text);
  if (error) return fail_errno(error);
  __wasi_filesize_t at;
  if (appends) error = __wasi_fd_seek(fd, 0, __WASI_WHENCE_END, &at);
  while (!error && done < size) {
    __wasi_ciovec_t part = {bytes + done, size - done};
    size_t written = 0;
    error = __wasi_fd_write(fd, &part, 1, &written);
    if (!error && written == 0) error = __WASI_ERRNO_IO;
    done += written;
  }
  close_descriptor(fd);
  return fail_errno(error);
}

/* [[name, WASI file type] …], or the number of the error. */
static JSValue js_list_directory(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  Path path;
  __wasi_fd_t fd;
  if (take_path(ctx, &path, argv[0])) return JS_EXCEPTION;
  int error = open_path(&path, __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_FD_READDIR, &fd);
  JS_FreeCString(ctx, path.text);
  if (error) return fail_errno(error);
  JSValue list = JS_NewArray(ctx);
  uint8_t *buffer = malloc(READ_CHUNK);
  size_t room = READ_CHUNK, used = 0;
  __wasi_dircookie_t cookie = 0;
  uint32_t count = 0;
  while (buffer) {
    error = __wasi_fd_readdir(fd, buffer, room, cookie, &used);
    if (error) break;
    size_t at = 0, before = count;
    __wasi_dirent_t entry;
    while (at + sizeof entry <= used) {
      memcpy(&entry, buffer + at, sizeof entry);
      if (at + sizeof entry + entry.d_namlen > used) break;
      JSValue pair = JS_NewArray(ctx);
      JS_SetPropertyUint32(ctx, pair, 0, JS_NewStringLen(ctx, (char *)buffer + at + sizeof entry, entry.d_namlen));
      JS_SetPropertyUint32(ctx, pair, 1, JS_NewInt32(ctx, entry.d_type));
      JS_SetPropertyUint32(ctx, list, count++, pair);
      at += sizeof entry + entry.d_namlen;
      cookie = entry.d_next;
    }
    if (used < room) break;
    if (count > before) continue;
    /* Not one name fits. */
    uint8_t *larger = room > NAME_MAX_BYTES * 4 ? NULL : realloc(buffer, room *= 2);
    if (!larger) free(buffer);
    buffer = larger;
  }
  free(buffer);
  close_descriptor(fd);
  if (buffer && !error) return list;
  JS_FreeValue(ctx, list);
  return buffer ? fail_errno(error) : JS_ThrowOutOfMemory(ctx);
}

static JSValue js_remove_file(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  Path path;
  if (take_path(ctx, &path, argv[0])) return JS_EXCEPTION;
  char *rest = strndup(path.rest, path.size);
  int error = path.directory < 0 ? __WASI_ERRNO_NOENT : __wasi_path_unlink_file(path.directory, rest);
  free(rest);
  JS_FreeCString(ctx, path.text);
  return fail_errno(error);
}

/* ---- text, chance and time -------------------------------------------------------------------------------------- */

static JSValue js_encode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t size;
  const char *text = JS_ToCStringLen(ctx, &size, argv[0]);
  if (!text) return JS_EXCEPTION;
  JSValue bytes = JS_NewUint8ArrayCopy(ctx, (const uint8_t *)text, size);
  JS_FreeCString(ctx, text);
  return bytes;
}

/* Whether the bytes are UTF-8 as the Unicode standard has it: shortest forms, no surrogates, nothing past U+10FFFF. */
static int is_utf8(const uint8_t *at, size_t size) {
  const uint8_t *end = at + size;
  while (at < end) {
    uint8_t first = *at++;
    if (first < 0x80) continue;
    int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4 || end - at < more) return 0;
    uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (*at < low || *at > high) return 0;
    for (at++; --more > 0; at++)
      if ((*at & 0xC0) != 0x80) return 0;
  }
  return 1;
}

/* Text of UTF-8; undefined when the bytes are not, and that was asked for. */
static JSValue js_decode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t size;
  uint8_t *bytes = JS_GetUint8Array(ctx, &size, argv[0]);
  if (!bytes && size > 0) return JS_EXCEPTION;
  if (JS_ToBool(ctx, argv[1]) && !is_utf8(bytes, size)) return JS_UNDEFINED;
  return JS_NewStringLen(ctx, (char *)bytes, size);
}

static JSValue js_random(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t size;
  uint8_t *bytes = JS_GetUint8Array(ctx, &size, argv[0]);
  if (!bytes && size > 0) return JS_EXCEPTION;
  if (size > 0 && __wasi_random_get(bytes, size) != 0) return JS_ThrowInternalError(ctx, "no randomness");
  return JS_UNDEFINED;
}

/* Milliseconds of the monotonic clock. */
static JSValue js_now(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  __wasi_timestamp_t time = 0;
  if (__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1000, &time) != 0) return JS_ThrowInternalError(ctx, "no clock");
  return JS_NewFloat64(ctx, (double)time / 1e6);
}

static JSValue js_sleep(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  double ms;
  if (JS_ToFloat64(ctx, &ms, argv[0])) return JS_EXCEPTION;
  __wasi_subscription_t subscription = {0};
  __wasi_event_t event;
  size_t count;
  subscription.u.tag = __WASI_EVENTTYPE_CLOCK;
  subscription.u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
  subscription.u.u.clock.timeout = ms > 0 ? (__wasi_timestamp_t)(ms * 1e6) : 0;
  if (__wasi_poll_oneoff(&subscription, &event, 1, &count) != 0) return JS_ThrowInternalError(ctx, "cannot wait");
  return JS_UNDEFINED;
}

/* ---- the host's own operations ---------------------------------------------------------------------------------- */

/* [0 granted | 1 refused, the answer's envelope] */
static JSValue js_request(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t op_size, body_size;
  uint8_t *body = JS_GetUint8Array(ctx, &body_size, argv[1]);
  if (!body) return JS_EXCEPTION;
  const char *op = JS_ToCStringLen(ctx, &op_size, argv[0]);
  if (!op) return JS_EXCEPTION;
  int status = host_request(op, op_size, body, body_size);
  JS_FreeCString(ctx, op);
  int size = host_response_size();
  uint8_t *answer = malloc(size > 0 ? size : 1);
  if (!answer) return JS_ThrowOutOfMemory(ctx);
  int got = size > 0 ? host_response(answer, size) : 0;
  JSValue pair = JS_NewArray(ctx);
  JS_SetPropertyUint32(ctx, pair, 0, JS_NewInt32(ctx, status));
  JS_SetPropertyUint32(ctx, pair, 1, JS_NewUint8ArrayCopy(ctx, answer, got > 0 ? got : 0));
  free(answer);
  return pair;
}

static const JSCFunctionListEntry HOST_FUNCTIONS[] = {
  JS_CFUNC_DEF("write", 2, js_write),
  JS_CFUNC_DEF("readFile", 1, js_read_file),
  JS_CFUNC_DEF("writeFile", 3, js_write_file),
  JS_CFUNC_DEF("listDirectory", 1, js_list_directory),
  JS_CFUNC_DEF("removeFile", 1, js_remove_file),
  JS_CFUNC_DEF("encode", 1, js_encode),
  JS_CFUNC_DEF("decode", 2, js_decode),
  JS_CFUNC_DEF("random", 1, js_random),
  JS_CFUNC_DEF("now", 0, js_now),
  JS_CFUNC_DEF("sleep", 1, js_sleep),
  JS_CFUNC_DEF("request", 2, js_request),
};

/* ---- programs --------------------------------------------------------------------------------------------------- */

static void keep_message(JSValue error) {
  free(message);
  message = NULL;
  JSValue told = JS_UNDEFINED;
  JSValue describe = JS_IsObject(protocol) ? JS_GetPropertyStr(context, protocol, "describe") : JS_UNDEFINED;
  if (JS_IsFunction(context, describe)) told = JS_Call(context, describe, JS_UNDEFINED, 1, &error);
  const char *text = JS_ToCString(context, JS_IsString(told) ? told : error);
  message = strdup(text ? text : "an error that cannot be shown");
  if (text) JS_FreeCString(context, text);
  JS_FreeValue(context, told);
  JS_FreeValue(context, describe);
  JS_FreeValue(context, error);
}

static JSValue call_protocol(const char *name, int argc, JSValueConst *argv) {
  JSValue function = JS_GetPropertyStr(context, protocol, name);
  JSValue result = JS_Call(context, function, JS_UNDEFINED, argc, argv);
  JS_FreeValue(context, function);
  return result;
}

static void run_jobs(void) {
  JSContext *ran;
  int done;
  while ((done = JS_ExecutePendingJob(runtime, &ran)) != 0) {
    if (done > 0) continue;
    JSValue error = JS_GetException(context);
    JS_FreeValue(context, call_protocol("failed", 1, &error));
    JS_FreeValue(context, error);
  }
}

static void on_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, bool is_handled, void *opaque) {
  JSValueConst values[] = {promise, reason, is_handled ? JS_TRUE : JS_FALSE};
  if (JS_IsObject(protocol)) JS_FreeValue(ctx, call_protocol("rejected", 3, values));
}

static int api_init(JSContext *ctx, JSModuleDef *module) {
  JSValue api = JS_GetPropertyStr(ctx, protocol, "api");
  JSPropertyEnum *names;
  uint32_t count;
  int failed = JS_GetOwnPropertyNames(ctx, &names, &count, api, JS_GPN_STRING_MASK);
  for (uint32_t index = 0; !failed && index < count; index++) {
    const char *name = JS_AtomToCString(ctx, names[index].atom);
    failed = JS_SetModuleExport(ctx, module, name, JS_GetProperty(ctx, api, names[index].atom));
    JS_FreeCString(ctx, name);
  }
  JS_FreePropertyEnum(ctx, names, count);
  JS_FreeValue(ctx, api);
  return failed;
}

static JSModuleDef *load_module(JSContext *ctx, const char *name, void *opaque) {
  if (strcmp(name, "caxton/tool") != 0) {
    JS_ThrowReferenceError(ctx, "there is no module \"%s\" inside a tool; modules are bundled when it is built", name);
    return NULL;
  }
  JSModuleDef *module = JS_NewCModule(ctx, name, api_init);
  JSValue api = JS_GetPropertyStr(ctx, protocol, "api");
  JSPropertyEnum *names;
  uint32_t count;
  if (module && JS_GetOwnPropertyNames(ctx, &names, &count, api, JS_GPN_STRING_MASK) == 0) {
    for (uint32_t index = 0; index < count; index++) {
      const char *export = JS_AtomToCString(ctx, names[index].atom);
      JS_AddModuleExport(ctx, module, export);
      JS_FreeCString(ctx, export);
    }
    JS_FreePropertyEnum(ctx, names, count);
  }
  JS_FreeValue(ctx, api);
  return module;
}

/* Runs the author's module and hands what it exports to the runtime; 0, or 1 and a message. Takes `module`. */
static int evaluate(JSValue module) {
  JSModuleDef *definition = JS_VALUE_GET_PTR(module);
  JSValue promise = JS_EvalFunction(context, module);
  if (JS_IsException(promise)) return keep_message(JS_GetException(context)), 1;
  run_jobs();
  JSPromiseStateEnum state = JS_PromiseState(context, promise);
  JSValue outcome = state == JS_PROMISE_PENDING ? JS_UNDEFINED : JS_PromiseResult(context, promise);
  JSValueConst handled[] = {promise, outcome, JS_TRUE};
  JS_FreeValue(context, call_protocol("rejected", 3, handled));
  JS_FreeValue(context, promise);
  if (state == JS_PROMISE_REJECTED) return keep_message(outcome), 1;
  JS_FreeValue(context, outcome);
  JSValue exports = JS_GetModuleNamespace(context, definition);
  JSValueConst values[] = {exports, state == JS_PROMISE_PENDING ? JS_TRUE : JS_FALSE};
  JSValue adopted = call_protocol("adopt", 2, values);
  JS_FreeValue(context, exports);
  if (JS_IsException(adopted)) return keep_message(JS_GetException(context)), 1;
  JS_FreeValue(context, adopted);
  return 0;
}

extern void __wasm_call_ctors(void);

static uint8_t *code;
static size_t code_size;

BUILDER("caxton_reserve") void *reserve(size_t size) { return malloc(size); }
BUILDER("caxton_message") const char *message_text(void) { return message ? message : ""; }
BUILDER("caxton_message_size") size_t message_size(void) { return message ? strlen(message) : 0; }
BUILDER("caxton_code") const uint8_t *code_bytes(void) { return code; }
BUILDER("caxton_code_size") size_t code_bytes_size(void) { return code_size; }

static void open_engine(void) {
  if (runtime) return JS_UpdateStackTop(runtime);
  __wasm_call_ctors();
  protocol = JS_UNDEFINED;
  program = JS_UNDEFINED;
  runtime = JS_NewRuntime2(&MEMORY, NULL);
  JS_SetMaxStackSize(runtime, STACK_BYTES);
  JS_SetModuleLoaderFunc(runtime, NULL, load_module, NULL);
  JS_SetHostPromiseRejectionTracker(runtime, on_rejection, NULL);
  context = JS_NewContext(runtime);
}

/*
 * Compiles a script or a module to code without its source text, which would take more memory than the code; 0, or 1
 * and a message. The code is taken to another instance, where compiling has left no holes in the memory.
 */
BUILDER("caxton_compile") int compile(char *source, size_t size, int is_module) {
  open_engine();
  int flags = (is_module ? JS_EVAL_TYPE_MODULE : JS_EVAL_TYPE_GLOBAL) | JS_EVAL_FLAG_COMPILE_ONLY | JS_EVAL_FLAG_STRICT;
  JSValue compiled = JS_Eval(context, source, size, is_module ? "tool.js" : "caxton:runtime", flags);
  if (JS_IsException(compiled)) return keep_message(JS_GetException(context)), 1;
  code = JS_WriteObject(context, &code_size, compiled, JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE);
  return code ? 0 : (keep_message(JS_GetException(context)), 1);
}

/* The compiled code at an address, which is freed. */
static JSValue read_code(uint8_t *at, size_t size) {
  JSValue value = JS_ReadObject(context, at, size, JS_READ_OBJ_BYTECODE);
  clean_free(NULL, at);
  return value;
}

/* Evaluates the code of the runtime's script; 0, or 1 and a message. */
BUILDER("caxton_prepare") int prepare(uint8_t *script, size_t size) {
  open_engine();
  JSValue host = JS_NewObject(context);
  JS_SetPropertyFunctionList(context, host, HOST_FUNCTIONS, sizeof HOST_FUNCTIONS / sizeof *HOST_FUNCTIONS);
  JSValue read = read_code(script, size);
  JSValue function = JS_IsException(read) ? read : JS_EvalFunction(context, read);
  JSValue made = JS_IsException(function) ? function : JS_Call(context, function, JS_UNDEFINED, 1, &host);
  JS_FreeValue(context, function);
  JS_FreeValue(context, host);
  if (JS_IsException(made)) return keep_message(JS_GetException(context)), 1;
  protocol = made;
  JS_RunGC(runtime);
  return 0;
}

/* Tells the runtime where lines of the program come from: JSON text, which is freed. */
BUILDER("caxton_places") int places(char *text, size_t size) {
  JSValue value = JS_NewStringLen(context, text, size);
  clean_free(NULL, text);
  JSValue result = call_protocol("places", 1, &value);
  JS_FreeValue(context, value);
  if (JS_IsException(result)) return keep_message(JS_GetException(context)), 1;
  JS_FreeValue(context, result);
  return 0;
}

/* Evaluates the code of the author's module, unless that is put off until the start; 0, or 1 and a message. */
BUILDER("caxton_load") int load(uint8_t *module_code, size_t size, int later) {
  open_engine();
  JSValue module = read_code(module_code, size);
  if (JS_IsException(module) || JS_ResolveModule(context, module) < 0) return keep_message(JS_GetException(context)), 1;
  program = module;
  program_waits = later;
  int failed = later ? 0 : evaluate(module);
  JS_RunGC(runtime);
  return failed;
}

/* ---- serving ---------------------------------------------------------------------------------------------------- */

static char *line;
static size_t line_size, line_room, line_start;

/* The next line of standard input without its end; 0 at the end of the input. */
static int read_line(char **at, size_t *size) {
  size_t searched = line_start;
  for (;;) {
    char *end = line_size > searched ? memchr(line + searched, '\n', line_size - searched) : NULL;
    if (end) {
      *at = line + line_start;
      *size = end - *at;
      line_start += *size + 1;
      return 1;
    }
    memmove(line, line + line_start, line_size - line_start);
    line_size -= line_start;
    line_start = 0;
    searched = line_size;
    size_t wanted = line_size + READ_CHUNK;
    if (line_size == 0 && line_room > LINE_KEPT) wanted = READ_CHUNK, line_room = 0;
    if (wanted > line_room) {
      line_room = line_size == 0 ? wanted : wanted * 2;
      char *larger = realloc(line, line_room);
      if (!larger) abort();
      line = larger;
    }
    __wasi_iovec_t part = {(uint8_t *)line + line_size, line_room - line_size};
    size_t read = 0;
    if (__wasi_fd_read(STDIN, &part, 1, &read) != 0 || read == 0) return 0;
    line_size += read;
  }
}

static int start_program(void) {
  if (!program_waits) return 0;
  program_waits = 0;
  return evaluate(program);
}

static void tell(const char *text) {
  write_all(STDERR, text, strlen(text));
  write_all(STDERR, "\n", 1);
}

__attribute__((export_name("_start"))) void start(void) {
  builds = 0;
  JS_UpdateStackTop(runtime);
  if (start_program() != 0) {
    tell(message);
    __wasi_proc_exit(1);
  }
  char *at;
  size_t size;
  while (read_line(&at, &size)) {
    JSValue text = JS_NewStringLen(context, at, size);
    JSValue took = call_protocol("receive", 1, &text);
    JS_FreeValue(context, text);
    for (;;) {
      if (JS_IsException(took)) {
        keep_message(JS_GetException(context));
        tell(message);
        __wasi_proc_exit(1);
      }
      int again = JS_ToBool(context, took);
      JS_FreeValue(context, took);
      if (!again) break;
      run_jobs();
      took = call_protocol("step", 0, NULL);
    }
  }
}
