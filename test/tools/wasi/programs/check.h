/* What all programs share: a check that ends the program and names its line, and paths with their length. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

#define CHECK(condition)                                                          \
  do {                                                                            \
    if (!(condition)) {                                                           \
      fprintf(stderr, "%s:%d: %s\n", __FILE_NAME__, __LINE__, #condition);        \
      exit(1);                                                                    \
    }                                                                             \
  } while (0)

/* Checks the error number of a call. */
#define GIVES(expected, call)                                                     \
  do {                                                                            \
    unsigned given = (call);                                                      \
    if (given != (expected)) {                                                    \
      fprintf(stderr, "%s:%d: %s gives %u, not %s\n", __FILE_NAME__, __LINE__,    \
              #call, given, #expected);                                           \
      exit(1);                                                                    \
    }                                                                             \
  } while (0)
#define OK(call) GIVES(0u, call)

/* The descriptors of the server's directory under its two names. */
enum { ROOT = 3, HOME = 4 };

#define READS (__WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL | __WASI_RIGHTS_FD_FILESTAT_GET)
#define WRITES                                                                    \
  (__WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_ALLOCATE |                           \
   __WASI_RIGHTS_FD_FILESTAT_SET_SIZE | __WASI_RIGHTS_FD_SYNC |                   \
   __WASI_RIGHTS_FD_DATASYNC | __WASI_RIGHTS_FD_ADVISE)
#define BOTH                                                                      \
  (READS | WRITES | __WASI_RIGHTS_FD_FILESTAT_SET_TIMES |                         \
   __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS | __WASI_RIGHTS_POLL_FD_READWRITE)
#define EVERYTHING 0x3fffffffull

static inline __wasi_errno_t open_at(__wasi_fd_t directory, const char *path, __wasi_oflags_t flags,
                                     __wasi_rights_t rights, __wasi_fd_t *out) {
  return __wasi_path_open(directory, 0, path, flags, rights, EVERYTHING, 0, out);
}

/* Opens what has to be there. */
static inline __wasi_fd_t must_open(const char *path, __wasi_oflags_t flags, __wasi_rights_t rights) {
  __wasi_fd_t fd;
  OK(open_at(HOME, path, flags, rights, &fd));
  return fd;
}

static inline void make_file(const char *path) { OK(__wasi_fd_close(must_open(path, __WASI_OFLAGS_CREAT, 0))); }

static inline __wasi_errno_t put(__wasi_fd_t fd, const char *text, size_t *count) {
  __wasi_ciovec_t part = {(const uint8_t *)text, strlen(text)};
  return __wasi_fd_write(fd, &part, 1, count);
}

static inline __wasi_errno_t get(__wasi_fd_t fd, char *room, size_t length, size_t *count) {
  __wasi_iovec_t part = {(uint8_t *)room, length};
  return __wasi_fd_read(fd, &part, 1, count);
}

static inline __wasi_filestat_t stat_of(__wasi_fd_t fd) {
  __wasi_filestat_t stat;
  OK(__wasi_fd_filestat_get(fd, &stat));
  return stat;
}

static inline __wasi_filestat_t stat_at(const char *path) {
  __wasi_filestat_t stat;
  OK(__wasi_path_filestat_get(HOME, 0, path, &stat));
  return stat;
}
