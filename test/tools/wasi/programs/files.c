/* Reading, writing, seeking, sizes and times of a file. */
#include "check.h"

static void holds(const char *path, const char *text) {
  char room[64];
  size_t count;
  __wasi_fd_t fd = must_open(path, 0, READS);
  OK(get(fd, room, sizeof room, &count));
  CHECK(count == strlen(text) && memcmp(room, text, count) == 0);
  OK(get(fd, room, sizeof room, &count));
  CHECK(count == 0);
  OK(__wasi_fd_close(fd));
}

static void offsets(void) {
  __wasi_fd_t fd = must_open("f", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, BOTH);
  __wasi_filesize_t place;
  size_t count;
  char room[16];
  OK(put(fd, "0123456789", &count));
  OK(__wasi_fd_tell(fd, &place));
  CHECK(place == 10);
  OK(__wasi_fd_seek(fd, -4, __WASI_WHENCE_END, &place));
  CHECK(place == 6);
  OK(__wasi_fd_seek(fd, -2, __WASI_WHENCE_CUR, &place));
  CHECK(place == 4);
  OK(get(fd, room, 3, &count));
  CHECK(count == 3 && memcmp(room, "456", 3) == 0);
  GIVES(__WASI_ERRNO_INVAL, __wasi_fd_seek(fd, -1, __WASI_WHENCE_SET, &place));
  GIVES(__WASI_ERRNO_INVAL, __wasi_fd_seek(fd, 0, 9, &place));

  __wasi_ciovec_t out[2] = {{(const uint8_t *)"AB", 2}, {(const uint8_t *)"C", 1}};
  OK(__wasi_fd_pwrite(fd, out, 2, 1, &count));
  CHECK(count == 3);
  __wasi_iovec_t in[2] = {{(uint8_t *)room, 2}, {(uint8_t *)room + 2, 3}};
  OK(__wasi_fd_pread(fd, in, 2, 0, &count));
  CHECK(count == 5 && memcmp(room, "0ABC4", 5) == 0);
  OK(__wasi_fd_tell(fd, &place));
  CHECK(place == 7);
  /* Beyond the end there is nothing, until something is written there. */
  OK(__wasi_fd_pread(fd, in, 2, 100, &count));
  CHECK(count == 0);
  OK(__wasi_fd_seek(fd, 12, __WASI_WHENCE_SET, &place));
  OK(put(fd, "x", &count));
  CHECK(stat_of(fd).size == 13);
  OK(__wasi_fd_pread(fd, in, 2, 9, &count));
  CHECK(count == 4 && memcmp(room, "9\0\0x", 4) == 0);
  OK(__wasi_fd_close(fd));
  GIVES(__WASI_ERRNO_BADF, __wasi_fd_tell(fd, &place));
  GIVES(__WASI_ERRNO_EXIST, open_at(HOME, "f", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, BOTH, &fd));
  fd = must_open("f", __WASI_OFLAGS_TRUNC, READS);
  CHECK(stat_of(fd).size == 0);
  OK(__wasi_fd_close(fd));
}

static void appending(void) {
  __wasi_fd_t one, other;
  size_t count;
  __wasi_filesize_t place;
  OK(__wasi_path_open(HOME, 0, "a", __WASI_OFLAGS_CREAT, BOTH, 0, __WASI_FDFLAGS_APPEND, &one));
  OK(__wasi_path_open(HOME, 0, "a", 0, BOTH, 0, __WASI_FDFLAGS_APPEND, &other));
  OK(put(one, "one,", &count));
  OK(put(other, "two,", &count));
  OK(__wasi_fd_seek(one, 0, __WASI_WHENCE_SET, &place));
  OK(put(one, "three", &count));
  OK(__wasi_fd_tell(one, &place));
  CHECK(place == 13);
  holds("a", "one,two,three");
  /* By an offset it goes where the offset says; without the flag it goes where the position is. */
  __wasi_ciovec_t part = {(const uint8_t *)"O", 1};
  OK(__wasi_fd_pwrite(one, &part, 1, 0, &count));
  OK(__wasi_fd_fdstat_set_flags(one, 0));
  OK(__wasi_fd_seek(one, 4, __WASI_WHENCE_SET, &place));
  OK(put(one, "T", &count));
  holds("a", "One,Two,three");
  OK(__wasi_fd_close(one));
  OK(__wasi_fd_close(other));
}

static void sizes(void) {
  __wasi_fd_t fd = must_open("s", __WASI_OFLAGS_CREAT, BOTH);
  size_t count;
  char room[8];
  __wasi_iovec_t part = {(uint8_t *)room, sizeof room};
  OK(put(fd, "abc", &count));
  OK(__wasi_fd_filestat_set_size(fd, 5));
  OK(__wasi_fd_pread(fd, &part, 1, 0, &count));
  CHECK(count == 5 && memcmp(room, "abc\0\0", 5) == 0);
  OK(__wasi_fd_filestat_set_size(fd, 2));
  holds("s", "ab");
  OK(__wasi_fd_allocate(fd, 0, 4));
  CHECK(stat_of(fd).size == 4);
  OK(__wasi_fd_allocate(fd, 1, 2));
  CHECK(stat_of(fd).size == 4);
  GIVES(__WASI_ERRNO_INVAL, __wasi_fd_allocate(fd, 1, 0));
  GIVES(__WASI_ERRNO_FBIG, __wasi_fd_allocate(fd, UINT64_MAX, 1));
  GIVES(__WASI_ERRNO_FBIG, __wasi_fd_filestat_set_size(fd, UINT64_MAX));
  OK(__wasi_fd_sync(fd));
  OK(__wasi_fd_datasync(fd));
  OK(__wasi_fd_advise(fd, 0, 10, __WASI_ADVICE_SEQUENTIAL));
  GIVES(__WASI_ERRNO_INVAL, __wasi_fd_advise(fd, 0, 10, 6));
  OK(__wasi_fd_close(fd));
}

static void shared(void) {
  /* What is written by one descriptor is read by another at once, whatever that one had read ahead. */
  __wasi_fd_t writes = must_open("w", __WASI_OFLAGS_CREAT, BOTH);
  __wasi_fd_t reads = must_open("w", 0, READS);
  char room[8];
  size_t count;
  OK(get(reads, room, 8, &count));
  CHECK(count == 0);
  OK(put(writes, "new", &count));
  OK(get(reads, room, 8, &count));
  CHECK(count == 3 && memcmp(room, "new", 3) == 0);
  __wasi_filesize_t place;
  OK(__wasi_fd_seek(writes, 0, __WASI_WHENCE_SET, &place));
  OK(put(writes, "NEWER", &count));
  OK(__wasi_fd_seek(reads, 0, __WASI_WHENCE_SET, &place));
  OK(get(reads, room, 8, &count));
  CHECK(count == 5 && memcmp(room, "NEWER", 5) == 0);
  CHECK(stat_of(reads).size == 5);
  /* A file that has no name any more is still there for who has it open. */
  OK(__wasi_path_unlink_file(HOME, "w"));
  CHECK(stat_of(reads).nlink == 0);
  OK(__wasi_fd_seek(reads, 0, __WASI_WHENCE_SET, &place));
  OK(get(reads, room, 8, &count));
  CHECK(count == 5);
  OK(__wasi_fd_close(reads));
  OK(__wasi_fd_close(writes));
}

static void times(void) {
  __wasi_fd_t fd = must_open("t", __WASI_OFLAGS_CREAT, BOTH);
  __wasi_filestat_t before = stat_of(fd);
  OK(__wasi_fd_filestat_set_times(fd, 1, 1234567890123456789ull, __WASI_FSTFLAGS_MTIM));
  CHECK(stat_of(fd).mtim == 1234567890123456789ull);
  CHECK(stat_of(fd).atim == before.atim);
  OK(__wasi_path_filestat_set_times(HOME, 0, "t", 987654321987654321ull, 0, __WASI_FSTFLAGS_ATIM));
  CHECK(stat_of(fd).atim == 987654321987654321ull);
  CHECK(stat_at("t").mtim == 1234567890123456789ull);
  OK(__wasi_path_filestat_set_times(HOME, 0, "t", 0, 0, __WASI_FSTFLAGS_ATIM_NOW | __WASI_FSTFLAGS_MTIM_NOW));
  CHECK(stat_at("t").mtim > 1577836800000000000ull && stat_at("t").atim > 1577836800000000000ull);
  GIVES(__WASI_ERRNO_INVAL, __wasi_fd_filestat_set_times(fd, 0, 0, __WASI_FSTFLAGS_MTIM | __WASI_FSTFLAGS_MTIM_NOW));
  GIVES(__WASI_ERRNO_INVAL,
        __wasi_path_filestat_set_times(HOME, 0, "t", 0, 0, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_ATIM_NOW));
  OK(__wasi_fd_close(fd));
}

int main(void) {
  offsets();
  appending();
  sizes();
  shared();
  times();
  return 0;
}
