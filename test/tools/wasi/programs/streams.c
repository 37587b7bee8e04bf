/* Standard streams: devices that do not seek, input to its end, output as it is written. */
#include "check.h"

int main(void) {
  __wasi_fdstat_t fd_stat;
  __wasi_filesize_t place;
  for (unsigned fd = 0; fd < 3; fd++) {
    OK(__wasi_fd_fdstat_get(fd, &fd_stat));
    CHECK(fd_stat.fs_filetype == __WASI_FILETYPE_CHARACTER_DEVICE);
    CHECK((fd_stat.fs_rights_base & (__WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL)) == 0);
    CHECK(stat_of(fd).filetype == __WASI_FILETYPE_CHARACTER_DEVICE);
    GIVES(__WASI_ERRNO_SPIPE, __wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, &place));
    GIVES(__WASI_ERRNO_SPIPE, __wasi_fd_tell(fd, &place));
    GIVES(__WASI_ERRNO_BADF, __wasi_fd_filestat_set_size(fd, 0));
    GIVES(__WASI_ERRNO_BADF, __wasi_fd_allocate(fd, 0, 1));
    GIVES(__WASI_ERRNO_NOTDIR, __wasi_path_create_directory(fd, "x"));
    __wasi_prestat_t preopened;
    GIVES(__WASI_ERRNO_BADF, __wasi_fd_prestat_get(fd, &preopened));
  }
  char room[64];
  size_t count;
  GIVES(__WASI_ERRNO_BADF, put(0, "x", &count));
  GIVES(__WASI_ERRNO_BADF, get(1, room, 1, &count));
  __wasi_iovec_t part = {(uint8_t *)room, sizeof room};
  GIVES(__WASI_ERRNO_SPIPE, __wasi_fd_pread(0, &part, 1, 0, &count));

  OK(get(0, room, 3, &count));
  CHECK(count == 3 && memcmp(room, "abc", 3) == 0);
  __wasi_iovec_t parts[2] = {{(uint8_t *)room, 2}, {(uint8_t *)room + 10, 20}};
  OK(__wasi_fd_read(0, parts, 2, &count));
  CHECK(count == 4 && memcmp(room, "de", 2) == 0 && memcmp(room + 10, "f\n", 2) == 0);
  OK(get(0, room, 8, &count));
  CHECK(count == 0);

  __wasi_ciovec_t out[3] = {{(const uint8_t *)"out", 3}, {NULL, 0}, {(const uint8_t *)"put", 3}};
  OK(__wasi_fd_write(1, out, 3, &count));
  CHECK(count == 6);
  OK(put(2, "errors", &count));
  return 0;
}
