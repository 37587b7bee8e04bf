/* Symbolic and hard links. */
#include "check.h"

static __wasi_errno_t open_plain(const char *path, __wasi_lookupflags_t lookup, __wasi_oflags_t flags) {
  __wasi_fd_t fd;
  __wasi_errno_t error = __wasi_path_open(HOME, lookup, path, flags, 0, 0, 0, &fd);
  if (error == 0) OK(__wasi_fd_close(fd));
  return error;
}

static void symbolic(void) {
  OK(__wasi_path_create_directory(HOME, "d"));
  make_file("d/f");
  OK(__wasi_path_symlink("d/f", HOME, "file"));
  OK(__wasi_path_symlink("d", HOME, "directory"));
  OK(__wasi_path_symlink("none", HOME, "dangling"));
  OK(__wasi_path_symlink("../d", HOME, "d/round"));
  OK(__wasi_path_symlink("loop", HOME, "loop"));

  char room[8] = "????????";
  size_t used;
  OK(__wasi_path_readlink(HOME, "file", (uint8_t *)room, sizeof room, &used));
  CHECK(used == 3 && memcmp(room, "d/f?????", 8) == 0);
  OK(__wasi_path_readlink(HOME, "dangling", (uint8_t *)room, 2, &used));
  CHECK(used == 2 && memcmp(room, "no", 2) == 0);
  GIVES(__WASI_ERRNO_INVAL, __wasi_path_readlink(HOME, "d/f", (uint8_t *)room, 8, &used));
  GIVES(__WASI_ERRNO_NOENT, __wasi_path_readlink(HOME, "nothing", (uint8_t *)room, 8, &used));

  CHECK(stat_at("file").filetype == __WASI_FILETYPE_SYMBOLIC_LINK);
  __wasi_filestat_t stat;
  OK(__wasi_path_filestat_get(HOME, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "file", &stat));
  CHECK(stat.filetype == __WASI_FILETYPE_REGULAR_FILE && stat.ino == stat_at("d/f").ino);
  GIVES(__WASI_ERRNO_NOENT, __wasi_path_filestat_get(HOME, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "dangling", &stat));
  CHECK(stat_at("directory/").filetype == __WASI_FILETYPE_DIRECTORY);
  CHECK(stat_at("directory/f").filetype == __WASI_FILETYPE_REGULAR_FILE);
  CHECK(stat_at("d/round/round/f").ino == stat_at("d/f").ino);

  OK(open_plain("file", __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, 0));
  GIVES(__WASI_ERRNO_LOOP, open_plain("file", 0, 0));
  GIVES(__WASI_ERRNO_LOOP, open_plain("directory", 0, 0));
  GIVES(__WASI_ERRNO_NOTDIR, open_plain("directory", 0, __WASI_OFLAGS_DIRECTORY));
  OK(open_plain("directory", __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, __WASI_OFLAGS_DIRECTORY));
  GIVES(__WASI_ERRNO_NOTDIR, open_plain("file", __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, __WASI_OFLAGS_DIRECTORY));
  GIVES(__WASI_ERRNO_LOOP, open_plain("loop", __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, 0));
  GIVES(__WASI_ERRNO_NOENT, open_plain("dangling", __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, 0));
  GIVES(__WASI_ERRNO_EXIST,
        open_plain("dangling", __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL));
  OK(open_plain("dangling", __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, __WASI_OFLAGS_CREAT));
  CHECK(stat_at("none").filetype == __WASI_FILETYPE_REGULAR_FILE);

  /* The time of a link is its own. */
  OK(__wasi_path_filestat_set_times(HOME, 0, "file", 0, 5000000007ull, __WASI_FSTFLAGS_MTIM));
  CHECK(stat_at("file").mtim == 5000000007ull && stat_at("d/f").mtim != 5000000007ull);
  OK(__wasi_path_filestat_set_times(HOME, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "file", 0, 6000000001ull,
                                    __WASI_FSTFLAGS_MTIM));
  CHECK(stat_at("file").mtim == 5000000007ull && stat_at("d/f").mtim == 6000000001ull);

  GIVES(__WASI_ERRNO_EXIST, __wasi_path_symlink("x", HOME, "file"));
  GIVES(__WASI_ERRNO_EXIST, __wasi_path_symlink("x", HOME, "d/"));
  GIVES(__WASI_ERRNO_NOENT, __wasi_path_symlink("x", HOME, "new/"));
  GIVES(__WASI_ERRNO_NOENT, __wasi_path_symlink("", HOME, "new"));
  GIVES(__WASI_ERRNO_NOTCAPABLE, __wasi_path_symlink("/etc", HOME, "new"));
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_symlink("../x", HOME, "new"));
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_symlink("d/round/../../x", HOME, "new"));

  /* A link is removed and moved itself. */
  GIVES(__WASI_ERRNO_NOTDIR, __wasi_path_remove_directory(HOME, "directory"));
  OK(__wasi_path_rename(HOME, "directory", HOME, "moved"));
  CHECK(stat_at("moved").filetype == __WASI_FILETYPE_SYMBOLIC_LINK);
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_rename(HOME, "d/round", HOME, "out"));
  const char *names[] = {"file", "moved", "dangling", "none", "loop", "d/round"};
  for (size_t index = 0; index < sizeof names / sizeof *names; index++) OK(__wasi_path_unlink_file(HOME, names[index]));
  CHECK(stat_at("d/f").filetype == __WASI_FILETYPE_REGULAR_FILE);
}

static void hard(void) {
  size_t count;
  __wasi_fd_t fd = must_open("one", __WASI_OFLAGS_CREAT, BOTH);
  CHECK(stat_of(fd).nlink == 1);
  OK(__wasi_path_link(HOME, 0, "one", HOME, "d/two"));
  CHECK(stat_of(fd).nlink == 2 && stat_at("d/two").ino == stat_of(fd).ino);
  OK(put(fd, "text", &count));
  CHECK(stat_at("d/two").size == 4);
  GIVES(__WASI_ERRNO_EXIST, __wasi_path_link(HOME, 0, "one", HOME, "d/two"));
  GIVES(__WASI_ERRNO_EXIST, __wasi_path_link(HOME, 0, "one", HOME, "one"));
  GIVES(__WASI_ERRNO_NOENT, __wasi_path_link(HOME, 0, "one", HOME, "three/"));
  GIVES(__WASI_ERRNO_NOENT, __wasi_path_link(HOME, 0, "none", HOME, "three"));
  GIVES(__WASI_ERRNO_ACCES, __wasi_path_link(HOME, 0, "d", HOME, "three"));
  GIVES(__WASI_ERRNO_INVAL, __wasi_path_link(HOME, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, "one", HOME, "three"));
  OK(__wasi_path_unlink_file(HOME, "one"));
  CHECK(stat_of(fd).nlink == 1);
  OK(__wasi_path_symlink("two", HOME, "d/link"));
  OK(__wasi_path_link(HOME, 0, "d/link", HOME, "d/again"));
  CHECK(stat_at("d/again").filetype == __WASI_FILETYPE_SYMBOLIC_LINK);
  OK(__wasi_fd_close(fd));
}

int main(void) {
  symbolic();
  hard();
  return 0;
}
