/* `read` is granted for reading, `write` for writing, `none` not at all. */
#include "check.h"

int main(void) {
  __wasi_fd_t fd;
  __wasi_filestat_t stat;
  size_t count;
  char room[16];
  fd = must_open("read/f", 0, READS | __WASI_RIGHTS_FD_FILESTAT_SET_TIMES);
  GIVES(__WASI_ERRNO_ACCES, __wasi_fd_filestat_set_times(fd, 0, 1, __WASI_FSTFLAGS_MTIM));
  OK(get(fd, room, sizeof room, &count));
  CHECK(count == 4);
  OK(__wasi_fd_close(fd));
  GIVES(__WASI_ERRNO_ACCES, open_at(HOME, "read/f", 0, BOTH, &fd));
  GIVES(__WASI_ERRNO_ACCES, open_at(HOME, "read/f", __WASI_OFLAGS_TRUNC, READS, &fd));
  GIVES(__WASI_ERRNO_ACCES, open_at(HOME, "read/new", __WASI_OFLAGS_CREAT, READS, &fd));
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_create_directory(HOME, "read/d"));
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_unlink_file(HOME, "read/f"));
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_remove_directory(HOME, "read/sub"));
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_rename(HOME, "read/f", HOME, "write/f"));
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_link(HOME, 0, "read/f", HOME, "write/f"));
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_symlink("f", HOME, "read/l"));
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_symlink("../read/f", HOME, "write/l"));
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_filestat_set_times(HOME, 0, "read/f", 0, 1, __WASI_FSTFLAGS_MTIM));
  GIVES(__WASI_ERRNO_ACCES, open_at(HOME, "none/f", 0, READS, &fd));
  GIVES(__WASI_ERRNO_ACCES, open_at(HOME, "none", __WASI_OFLAGS_DIRECTORY, 0, &fd));
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_filestat_get(HOME, 0, "none/f", &stat));
  GIVES(__WASI_ERRNO_ACCES, open_at(ROOT, "etc/passwd", 0, READS, &fd));
  /* A link that an administrator made and that leads out is as good as none. */
  GIVES(__WASI_ERRNO_ACCES, open_at(HOME, "write/out/f", 0, READS, &fd));
  GIVES(__WASI_ERRNO_ACCES, open_at(HOME, "write/out/f", __WASI_OFLAGS_CREAT, BOTH, &fd));
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_readlink(HOME, "write/out", (uint8_t *)room, sizeof room, &count));
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_rename(HOME, "write/out", HOME, "write/in"));
  make_file("write/f");
  OK(__wasi_path_unlink_file(HOME, "write/f"));
  /* Above what is granted only the way there is seen. */
  fd = must_open(".", __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_FD_READDIR);
  uint8_t entries[256];
  OK(__wasi_fd_readdir(fd, entries, sizeof entries, 0, &count));
  CHECK(count == 4 * 24 + 1 + 2 + 4 + 5);
  return 0;
}
