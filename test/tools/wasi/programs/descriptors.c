/* The table of descriptors: numbers, rights that only shrink, flags, renumbering, and directories that are no files. */
#include "check.h"

static __wasi_fdstat_t status(__wasi_fd_t fd) {
  __wasi_fdstat_t stat;
  OK(__wasi_fd_fdstat_get(fd, &stat));
  return stat;
}

static void preopened(void) {
  __wasi_prestat_t stat;
  char name[4] = "????";
  OK(__wasi_fd_prestat_get(ROOT, &stat));
  CHECK(stat.tag == __WASI_PREOPENTYPE_DIR && stat.u.dir.pr_name_len == 1);
  GIVES(__WASI_ERRNO_NAMETOOLONG, __wasi_fd_prestat_dir_name(ROOT, (uint8_t *)name, 0));
  OK(__wasi_fd_prestat_dir_name(ROOT, (uint8_t *)name, 4));
  CHECK(memcmp(name, "/???", 4) == 0);
  OK(__wasi_fd_prestat_dir_name(HOME, (uint8_t *)name, 1));
  CHECK(name[0] == '.');
  GIVES(__WASI_ERRNO_BADF, __wasi_fd_prestat_get(5, &stat));
  __wasi_fd_t fd = must_open(".", __WASI_OFLAGS_DIRECTORY, EVERYTHING & ~WRITES);
  GIVES(__WASI_ERRNO_BADF, __wasi_fd_prestat_get(fd, &stat));
  OK(__wasi_fd_close(fd));
}

static void rights(void) {
  char room[4];
  size_t count;
  make_file("r");
  __wasi_fd_t reads = must_open("r", 0, READS);
  GIVES(__WASI_ERRNO_BADF, put(reads, "x", &count));
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_fd_filestat_set_size(reads, 0));
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_fd_allocate(reads, 0, 1));
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_fd_sync(reads));
  CHECK((status(reads).fs_rights_base & __WASI_RIGHTS_FD_WRITE) == 0);
  OK(__wasi_fd_close(reads));

  __wasi_fd_t writes = must_open("r", 0, __WASI_RIGHTS_FD_WRITE);
  GIVES(__WASI_ERRNO_BADF, get(writes, room, 1, &count));
  OK(put(writes, "x", &count));
  __wasi_filesize_t place;
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_fd_seek(writes, 0, __WASI_WHENCE_SET, &place));
  OK(__wasi_fd_close(writes));

  __wasi_fd_t both = must_open("r", 0, BOTH);
  OK(__wasi_fd_fdstat_set_rights(both, READS, 0));
  GIVES(__WASI_ERRNO_BADF, put(both, "x", &count));
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_fd_fdstat_set_rights(both, BOTH, 0));
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_fd_fdstat_set_rights(both, READS, READS));
  CHECK(status(both).fs_rights_base == READS);
  OK(__wasi_fd_close(both));

  /* A directory passes on what it says it passes on, and no more. */
  __wasi_fd_t directory, fd;
  OK(__wasi_path_open(HOME, 0, ".", __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_PATH_OPEN, READS, 0, &directory));
  OK(__wasi_path_open(directory, 0, "r", 0, READS, 0, 0, &fd));
  OK(__wasi_fd_close(fd));
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_path_open(directory, 0, "r", 0, WRITES, 0, 0, &fd));
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_path_open(directory, 0, "n", __WASI_OFLAGS_CREAT, READS, 0, 0, &fd));
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_path_open(directory, 0, "r", __WASI_OFLAGS_TRUNC, READS, 0, 0, &fd));
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_path_unlink_file(directory, "r"));
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_path_create_directory(directory, "d"));
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_path_symlink("r", directory, "l"));
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_path_rename(directory, "r", HOME, "q"));
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_path_link(HOME, 0, "r", directory, "q"));
  OK(__wasi_fd_close(directory));
  OK(__wasi_path_unlink_file(HOME, "r"));
}

static void flags(void) {
  __wasi_fd_t fd;
  OK(__wasi_path_open(HOME, 0, "f", __WASI_OFLAGS_CREAT, BOTH, 0, __WASI_FDFLAGS_APPEND | __WASI_FDFLAGS_SYNC, &fd));
  CHECK(status(fd).fs_flags == (__WASI_FDFLAGS_APPEND | __WASI_FDFLAGS_SYNC));
  size_t count;
  OK(put(fd, "x", &count));
  OK(__wasi_fd_fdstat_set_flags(fd, __WASI_FDFLAGS_NONBLOCK));
  CHECK(status(fd).fs_flags == __WASI_FDFLAGS_NONBLOCK);
  GIVES(__WASI_ERRNO_INVAL, __wasi_fd_fdstat_set_flags(fd, 0x20));
  OK(__wasi_fd_close(fd));
  OK(__wasi_path_unlink_file(HOME, "f"));
}

static void numbers(void) {
  __wasi_fd_t one = must_open("a", __WASI_OFLAGS_CREAT, BOTH);
  __wasi_fd_t other = must_open("b", __WASI_OFLAGS_CREAT, BOTH);
  CHECK(one > HOME && other == one + 1);
  size_t count;
  OK(put(one, "one", &count));
  OK(__wasi_fd_renumber(one, other));
  GIVES(__WASI_ERRNO_BADF, __wasi_fd_close(one));
  CHECK(stat_of(other).size == 3);
  GIVES(__WASI_ERRNO_BADF, __wasi_fd_renumber(other, one));
  OK(__wasi_fd_renumber(other, other));
  OK(__wasi_fd_close(other));
  GIVES(__WASI_ERRNO_BADF, __wasi_fd_renumber(other, HOME));
  /* The lowest number that is free comes next. */
  CHECK(must_open("a", 0, READS) == one);
  OK(__wasi_fd_close(one));
  /* Streams and preopened directories are descriptors like others. */
  __wasi_fd_t to = must_open("b", 0, READS);
  OK(__wasi_fd_renumber(0, to));
  CHECK(status(to).fs_filetype == __WASI_FILETYPE_CHARACTER_DEVICE);
  __wasi_fdstat_t gone;
  GIVES(__WASI_ERRNO_BADF, __wasi_fd_fdstat_get(0, &gone));
  OK(__wasi_path_unlink_file(HOME, "a"));
  OK(__wasi_path_unlink_file(HOME, "b"));
  OK(__wasi_fd_close(ROOT));
  GIVES(__WASI_ERRNO_BADF, __wasi_fd_fdstat_get(ROOT, &gone));
}

static void directories(void) {
  __wasi_fd_t fd = must_open(".", __WASI_OFLAGS_DIRECTORY, EVERYTHING & ~WRITES);
  char room[4];
  size_t count;
  __wasi_filesize_t place;
  CHECK(status(fd).fs_filetype == __WASI_FILETYPE_DIRECTORY);
  CHECK((status(fd).fs_rights_base & (__WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL)) == 0);
  GIVES(__WASI_ERRNO_ISDIR, get(fd, room, 4, &count));
  GIVES(__WASI_ERRNO_BADF, put(fd, "x", &count));
  GIVES(__WASI_ERRNO_BADF, __wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, &place));
  GIVES(__WASI_ERRNO_BADF, __wasi_fd_tell(fd, &place));
  GIVES(__WASI_ERRNO_BADF, __wasi_fd_allocate(fd, 0, 1));
  GIVES(__WASI_ERRNO_BADF, __wasi_fd_advise(fd, 0, 1, 0));
  GIVES(__WASI_ERRNO_BADF, __wasi_fd_filestat_set_size(fd, 0));
  OK(__wasi_fd_close(fd));
  GIVES(__WASI_ERRNO_ISDIR, open_at(HOME, ".", __WASI_OFLAGS_DIRECTORY, BOTH, &fd));
  GIVES(__WASI_ERRNO_ISDIR, open_at(HOME, ".", 0, BOTH, &fd));
  GIVES(__WASI_ERRNO_INVAL, open_at(HOME, "d", __WASI_OFLAGS_DIRECTORY | __WASI_OFLAGS_CREAT, 0, &fd));
}

int main(void) {
  preopened();
  rights();
  flags();
  directories();
  numbers();
  return 0;
}
