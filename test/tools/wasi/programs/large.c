/* Files beyond 4 GiB: `sparse` is 5 GiB long, its last byte is an x. The limit for writing is 6 GiB. */
#include "check.h"

int main(void) {
  const __wasi_filesize_t gib = 1ull << 30;
  __wasi_fd_t fd = must_open("sparse", 0, BOTH);
  __wasi_filesize_t place;
  size_t count;
  char room[4];
  CHECK(stat_of(fd).size == 5 * gib);
  OK(__wasi_fd_seek(fd, -1, __WASI_WHENCE_END, &place));
  CHECK(place == 5 * gib - 1);
  OK(get(fd, room, 4, &count));
  CHECK(count == 1 && room[0] == 'x');
  OK(__wasi_fd_tell(fd, &place));
  CHECK(place == 5 * gib);
  OK(put(fd, "yz", &count));
  __wasi_iovec_t part = {(uint8_t *)room, 4};
  OK(__wasi_fd_pread(fd, &part, 1, 5 * gib - 1, &count));
  CHECK(count == 3 && memcmp(room, "xyz", 3) == 0);
  CHECK(stat_at("sparse").size == 5 * gib + 2);
  OK(__wasi_fd_filestat_set_size(fd, 4 * gib + 3));
  CHECK(stat_of(fd).size == 4 * gib + 3);
  OK(__wasi_fd_allocate(fd, 4 * gib, 100));
  CHECK(stat_of(fd).size == 4 * gib + 100);
  GIVES(__WASI_ERRNO_FBIG, __wasi_fd_filestat_set_size(fd, 7 * gib));
  GIVES(__WASI_ERRNO_FBIG, __wasi_fd_allocate(fd, 7 * gib, 1));
  OK(__wasi_fd_seek(fd, 7 * gib, __WASI_WHENCE_SET, &place));
  GIVES(__WASI_ERRNO_FBIG, put(fd, "x", &count));
  return 0;
}
