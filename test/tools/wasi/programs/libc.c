/* What C programs do: files by relative and absolute names, directories, times and temporary names. */
#include "check.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_text(const char *path, const char *mode, const char *text) {
  FILE *file = fopen(path, mode);
  CHECK(file != NULL);
  CHECK(fputs(text, file) >= 0);
  CHECK(fclose(file) == 0);
}

static void expect_text(const char *path, const char *text) {
  char room[128];
  FILE *file = fopen(path, "r");
  CHECK(file != NULL);
  size_t count = fread(room, 1, sizeof room, file);
  CHECK(count == strlen(text) && memcmp(room, text, count) == 0);
  CHECK(fclose(file) == 0);
}

int main(void) {
  CHECK(mkdir("d", 0777) == 0);
  write_text("d/f", "w", "one\n");
  write_text("/d/f", "a", "two\n");
  expect_text("./d/f", "one\ntwo\n");
  expect_text("/d/../d/f", "one\ntwo\n");
  CHECK(fopen("d/none", "r") == NULL && errno == ENOENT);
  CHECK(fopen("d", "w") == NULL && errno == EISDIR);
  CHECK(open("d/f", O_RDONLY | O_DIRECTORY) == -1 && errno == ENOTDIR);
  CHECK(open("d/f", O_WRONLY | O_CREAT | O_EXCL, 0666) == -1 && errno == EEXIST);

  CHECK(symlink("f", "d/l") == 0);
  char said[16];
  CHECK(readlink("d/l", said, sizeof said) == 1 && said[0] == 'f');
  expect_text("d/l", "one\ntwo\n");
  CHECK(open("d/l", O_RDONLY | O_NOFOLLOW) == -1 && errno == ELOOP);
  struct stat here, there;
  CHECK(lstat("d/l", &here) == 0 && S_ISLNK(here.st_mode));
  CHECK(stat("d/l", &here) == 0 && S_ISREG(here.st_mode) && here.st_size == 8);
  CHECK(link("d/f", "d/g") == 0);
  CHECK(stat("d/g", &there) == 0 && there.st_ino == here.st_ino && there.st_nlink == 2);

  struct timespec times[2] = {{1000, 5}, {2000, 7}};
  CHECK(utimensat(AT_FDCWD, "d/g", times, 0) == 0);
  CHECK(stat("d/f", &here) == 0 && here.st_atim.tv_nsec == 5 && here.st_mtim.tv_sec == 2000);
  int fd = open("d/f", O_RDWR);
  CHECK(fd > 2);
  CHECK(ftruncate(fd, 3) == 0 && lseek(fd, 0, SEEK_END) == 3);
  CHECK(fsync(fd) == 0 && posix_fallocate(fd, 0, 10) == 0 && lseek(fd, 0, SEEK_END) == 10);
  CHECK(fcntl(fd, F_SETFL, O_APPEND) == 0 && (fcntl(fd, F_GETFL) & O_APPEND) != 0);
  CHECK(write(fd, "!", 1) == 1 && lseek(fd, 0, SEEK_CUR) == 11);
  CHECK(!isatty(fd) && isatty(1));
  CHECK(close(fd) == 0);

  unsigned seen = 0;
  DIR *directory = opendir("/d");
  CHECK(directory != NULL);
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (strcmp(entry->d_name, "f") == 0) seen |= entry->d_type == DT_REG ? 1 : 0;
    if (strcmp(entry->d_name, "g") == 0) seen |= 2;
    if (strcmp(entry->d_name, "l") == 0) seen |= entry->d_type == DT_LNK ? 4 : 0;
  }
  CHECK(seen == 7);
  CHECK(closedir(directory) == 0);

  CHECK(rename("d/f", "d/h") == 0 && access("d/f", F_OK) == -1 && access("d/h", R_OK) == 0);
  CHECK(unlink("d/h") == 0 && unlink("d/l") == 0 && rmdir("d") == -1 && errno == ENOTEMPTY);
  CHECK(remove("d/g") == 0 && rmdir("/d") == 0);
  CHECK(usleep(1000) == 0);
  return 0;
}
