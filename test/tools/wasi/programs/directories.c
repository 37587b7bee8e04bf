/* Making, listing, moving and removing directories. */
#include "check.h"

static __wasi_fd_t open_directory(const char *path) {
  return must_open(path, __WASI_OFLAGS_DIRECTORY, EVERYTHING & ~WRITES);
}

/* Reads a directory in pieces as small as they can be, and counts what it names. */
static unsigned count_in_pieces(__wasi_fd_t fd, size_t piece) {
  uint8_t room[512];
  __wasi_dircookie_t cookie = 0;
  unsigned entries = 0;
  for (;;) {
    size_t used;
    OK(__wasi_fd_readdir(fd, room, piece, cookie, &used));
    size_t at = 0;
    while (at + sizeof(__wasi_dirent_t) <= used) {
      __wasi_dirent_t entry;
      memcpy(&entry, room + at, sizeof entry);
      if (at + sizeof entry + entry.d_namlen > used) break;
      at += sizeof entry + entry.d_namlen;
      cookie = entry.d_next;
      entries++;
    }
    if (used < piece) return entries;
    CHECK(at > 0);
  }
}

static void listing(void) {
  OK(__wasi_path_create_directory(HOME, "d"));
  __wasi_fd_t fd = open_directory("d");
  CHECK(count_in_pieces(fd, 512) == 2);
  char name[24];
  for (int index = 0; index < 50; index++) {
    snprintf(name, sizeof name, "d/file-%d", index);
    make_file(name);
  }
  OK(__wasi_path_create_directory(HOME, "d/sub"));
  for (size_t piece = 64; piece <= 512; piece += 64) CHECK(count_in_pieces(fd, piece) == 53);

  uint8_t room[256];
  size_t used;
  __wasi_dirent_t entry;
  OK(__wasi_fd_readdir(fd, room, sizeof room, 0, &used));
  memcpy(&entry, room, sizeof entry);
  CHECK(entry.d_namlen == 1 && room[sizeof entry] == '.');
  CHECK(entry.d_type == __WASI_FILETYPE_DIRECTORY && entry.d_ino == stat_of(fd).ino);
  OK(__wasi_fd_readdir(fd, room, sizeof room, entry.d_next, &used));
  memcpy(&entry, room, sizeof entry);
  CHECK(entry.d_namlen == 2 && memcmp(room + sizeof entry, "..", 2) == 0);
  OK(__wasi_fd_readdir(fd, room, sizeof room, entry.d_next, &used));
  memcpy(&entry, room, sizeof entry);
  char path[64] = "d/";
  memcpy(path + 2, room + sizeof entry, entry.d_namlen);
  CHECK(stat_at(path).ino == entry.d_ino && stat_at(path).dev == stat_of(fd).dev);
  /* A room that is too small for one entry holds its beginning. */
  OK(__wasi_fd_readdir(fd, room, 10, 0, &used));
  CHECK(used == 10);
  OK(__wasi_fd_readdir(fd, room, sizeof room, 1000, &used));
  CHECK(used == 0);
  __wasi_fd_t file = must_open("d/file-1", 0, READS);
  GIVES(__WASI_ERRNO_NOTDIR, __wasi_fd_readdir(file, room, sizeof room, 0, &used));
  GIVES(__WASI_ERRNO_NOTDIR, __wasi_path_create_directory(file, "x"));
  OK(__wasi_fd_close(file));
  for (int index = 0; index < 50; index++) {
    snprintf(name, sizeof name, "file-%d", index);
    OK(__wasi_path_unlink_file(fd, name));
  }
  OK(__wasi_fd_close(fd));
}

static void removing(void) {
  GIVES(__WASI_ERRNO_EXIST, __wasi_path_create_directory(HOME, "d"));
  GIVES(__WASI_ERRNO_NOENT, __wasi_path_create_directory(HOME, "no/d"));
  GIVES(__WASI_ERRNO_NOTEMPTY, __wasi_path_remove_directory(HOME, "d"));
  GIVES(__WASI_ERRNO_ISDIR, __wasi_path_unlink_file(HOME, "d"));
  GIVES(__WASI_ERRNO_ISDIR, __wasi_path_unlink_file(HOME, "d/sub/"));
  OK(__wasi_path_remove_directory(HOME, "d/sub/"));
  make_file("d/f");
  GIVES(__WASI_ERRNO_NOTDIR, __wasi_path_remove_directory(HOME, "d/f"));
  GIVES(__WASI_ERRNO_NOTDIR, __wasi_path_remove_directory(HOME, "d/f/"));
  GIVES(__WASI_ERRNO_NOTDIR, __wasi_path_unlink_file(HOME, "d/f/"));
  GIVES(__WASI_ERRNO_NOENT, __wasi_path_unlink_file(HOME, "d/none"));
  OK(__wasi_path_unlink_file(HOME, "d/f"));
  OK(__wasi_path_remove_directory(HOME, "d"));
}

static void renaming(void) {
  OK(__wasi_path_create_directory(HOME, "one"));
  OK(__wasi_path_create_directory(HOME, "two"));
  make_file("one/f");
  GIVES(__WASI_ERRNO_NOTEMPTY, __wasi_path_rename(HOME, "two", HOME, "one"));
  OK(__wasi_path_rename(HOME, "one", HOME, "two"));
  CHECK(stat_at("two/f").filetype == __WASI_FILETYPE_REGULAR_FILE);
  make_file("g");
  GIVES(__WASI_ERRNO_ISDIR, __wasi_path_rename(HOME, "g", HOME, "two"));
  GIVES(__WASI_ERRNO_NOTDIR, __wasi_path_rename(HOME, "two", HOME, "g"));
  GIVES(__WASI_ERRNO_NOTDIR, __wasi_path_rename(HOME, "g/", HOME, "h"));
  GIVES(__WASI_ERRNO_INVAL, __wasi_path_rename(HOME, "two", HOME, "two/in"));
  __wasi_filestat_t g = stat_at("g");
  OK(__wasi_path_rename(HOME, "g", HOME, "two/f"));
  CHECK(stat_at("two/f").ino == g.ino);
  OK(__wasi_path_rename(HOME, "two/", HOME, "three/"));
  __wasi_fd_t fd = open_directory("three");
  OK(__wasi_path_rename(fd, "f", HOME, "f"));
  GIVES(__WASI_ERRNO_NOENT, __wasi_path_rename(fd, "f", HOME, "f"));
  OK(__wasi_fd_close(fd));
  OK(__wasi_path_unlink_file(HOME, "f"));
  OK(__wasi_path_remove_directory(HOME, "three"));
}

int main(void) {
  listing();
  removing();
  renaming();
  return 0;
}
