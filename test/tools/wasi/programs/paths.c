/* Paths that are strange: climbing, absolute, empty, long, with slashes at their end or bytes that no path has. */
#include "check.h"

/* The length is given, so that a path may hold a NUL. */
__attribute__((import_module("wasi_snapshot_preview1"), import_name("path_filestat_get"))) int32_t
raw_stat(int32_t fd, int32_t lookup, const char *path, int32_t length, __wasi_filestat_t *out);

static __wasi_errno_t look(__wasi_fd_t fd, const char *path) {
  __wasi_filestat_t stat;
  return __wasi_path_filestat_get(fd, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, path, &stat);
}

int main(void) {
  __wasi_filestat_t stat;
  OK(__wasi_path_create_directory(HOME, "a"));
  OK(__wasi_path_create_directory(HOME, "a/b"));
  make_file("a/b/f");
  __wasi_fd_t a = must_open("a", __WASI_OFLAGS_DIRECTORY, EVERYTHING & ~WRITES);

  const char *good[] = {"a/b/f", "./a/./b//f", "a/b/../b/f", "a/../a/b/../../a/b/f", "a/b", "a/b/", "a/b///", "a/b/.", ".", "./"};
  for (size_t index = 0; index < sizeof good / sizeof *good; index++) {
    OK(look(HOME, good[index]));
    /* What is relative is found from the other name of the directory as well. */
    OK(look(ROOT, good[index]));
  }
  OK(look(a, "b/../b/f"));
  OK(look(a, "."));

  GIVES(__WASI_ERRNO_NOTDIR, look(HOME, "a/b/f/"));
  GIVES(__WASI_ERRNO_NOTDIR, look(HOME, "a/b/f/."));
  GIVES(__WASI_ERRNO_NOTDIR, look(HOME, "a/b/f/x"));
  GIVES(__WASI_ERRNO_NOENT, look(HOME, "a/none/../b/f"));
  GIVES(__WASI_ERRNO_NOENT, look(HOME, ""));
  GIVES(__WASI_ERRNO_NOTCAPABLE, look(HOME, "/a/b/f"));
  GIVES(__WASI_ERRNO_NOTCAPABLE, look(ROOT, "/a/b/f"));
  GIVES(__WASI_ERRNO_NOTCAPABLE, look(a, "/b/f"));
  GIVES(__WASI_ERRNO_NOTCAPABLE, look(HOME, ".."));
  GIVES(__WASI_ERRNO_NOTCAPABLE, look(HOME, "a/../../etc/passwd"));
  GIVES(__WASI_ERRNO_NOTCAPABLE, look(ROOT, "../etc/passwd"));
  GIVES(__WASI_ERRNO_NOTCAPABLE, look(a, ".."));
  GIVES(__WASI_ERRNO_NOTCAPABLE, look(a, "b/../../a/b/f"));
  GIVES(__WASI_ERRNO_ACCES, look(HOME, ".hidden"));
  GIVES(__WASI_ERRNO_BADF, look(77, "a"));

  GIVES(__WASI_ERRNO_ILSEQ, raw_stat(HOME, 0, "a\0b", 3, &stat));
  GIVES(__WASI_ERRNO_ILSEQ, raw_stat(HOME, 0, "a\0", 2, &stat));
  GIVES(__WASI_ERRNO_ILSEQ, raw_stat(HOME, 0, "a\xff", 2, &stat));
  static char longest[5000];
  memset(longest, 'x', sizeof longest);
  GIVES(__WASI_ERRNO_NAMETOOLONG, raw_stat(HOME, 0, longest, 4999, &stat));
  GIVES(__WASI_ERRNO_NAMETOOLONG, raw_stat(HOME, 0, longest, 300, &stat));
  GIVES(__WASI_ERRNO_FAULT, raw_stat(HOME, 0, (const char *)0xfffffff0u, 4, &stat));
  GIVES(__WASI_ERRNO_FAULT, raw_stat(HOME, 0, (const char *)0xfffffff0u, 100, &stat));

  /* A name is text: what would be special elsewhere is not. */
  const char *names[] = {"a b", "*", "\\", "c:", "%2e%2e", "\xc3\xa4\xf0\x9f\x8c\x8d", "...", "-", "~"};
  for (size_t index = 0; index < 6; index++) {
    make_file(names[index]);
    OK(look(HOME, names[index]));
    OK(__wasi_path_unlink_file(HOME, names[index]));
  }
  GIVES(__WASI_ERRNO_ISDIR, open_at(HOME, "new/", __WASI_OFLAGS_CREAT, BOTH, &a));
  GIVES(__WASI_ERRNO_NOENT, look(HOME, "new"));
  return 0;
}
