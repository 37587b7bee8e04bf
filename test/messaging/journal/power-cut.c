// Preloaded into a process: writes down, in one order, all that is written to the journal's files and to standard output.
// A record is: what (W write, T truncate, s a sync begins, S it has ended), where (1 database, 2 log, 3 output), offset, length,
// data. $POWER_CUT_LOG names the file to write to, $POWER_CUT_DATABASE the database.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES_MAX 4096
enum { NONE, DATABASE, LOG, OUTPUT };

static unsigned char where[FILES_MAX];
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static int log_file = -1;
static const char *database;

static int (*real_open)(const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_truncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void) {
  real_open = dlsym(RTLD_NEXT, "open64");
  real_close = dlsym(RTLD_NEXT, "close");
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_truncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  database = getenv("POWER_CUT_DATABASE");
  const char *path = getenv("POWER_CUT_LOG");
  if (path && database) log_file = real_open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  where[STDOUT_FILENO] = OUTPUT;
}

static int place(int fd) { return log_file >= 0 && fd >= 0 && fd < FILES_MAX ? where[fd] : NONE; }

static void record(char what, int fd, uint64_t offset, const void *data, uint32_t length) {
  struct __attribute__((packed)) { uint8_t what, where; uint64_t offset; uint32_t length; } head = {
      (uint8_t)what, where[fd], offset, length};
  struct iovec parts[2] = {{&head, sizeof head}, {(void *)data, data ? length : 0}};
  pthread_mutex_lock(&one_at_a_time);
  ssize_t ignored = writev(log_file, parts, 2);
  (void)ignored;
  pthread_mutex_unlock(&one_at_a_time);
}

static int opened(const char *path, int fd) {
  if (!database || fd < 0 || fd >= FILES_MAX) return fd;
  size_t length = strlen(database);
  where[fd] = NONE;
  if (strncmp(path, database, length) == 0) {
    if (path[length] == 0) where[fd] = DATABASE;
    else if (strcmp(path + length, "-wal") == 0) where[fd] = LOG;
  }
  return fd;
}

#define OPEN(name)                                        \
  int name(const char *path, int flags, ...) {            \
    mode_t mode = 0;                                      \
    if (flags & O_CREAT) {                                \
      va_list rest;                                       \
      va_start(rest, flags);                              \
      mode = va_arg(rest, int);                           \
      va_end(rest);                                       \
    }                                                     \
    return opened(path, real_open(path, flags, mode));    \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  if (fd >= 0 && fd < FILES_MAX) where[fd] = NONE;
  return real_close(fd);
}

ssize_t write(int fd, const void *data, size_t length) {
  int to = place(fd);
  if (to == NONE) return real_write(fd, data, length);
  off_t offset = to == OUTPUT ? 0 : lseek(fd, 0, SEEK_CUR);
  ssize_t written = real_write(fd, data, length);
  if (written > 0) record('W', fd, (uint64_t)offset, data, (uint32_t)written);
  return written;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) {
  ssize_t written = real_pwrite(fd, data, length, offset);
  if (written > 0 && place(fd) != NONE) record('W', fd, (uint64_t)offset, data, (uint32_t)written);
  return written;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return pwrite64(fd, data, length, offset); }

int ftruncate64(int fd, off_t length) {
  int result = real_truncate(fd, length);
  if (result == 0 && place(fd) != NONE) record('T', fd, (uint64_t)length, 0, 0);
  return result;
}
int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int synced(int fd, int (*sync_file)(int)) {
  if (place(fd) == NONE) return sync_file(fd);
  record('s', fd, 0, 0, 0);
  int result = sync_file(fd);
  if (result == 0) record('S', fd, 0, 0, 0);
  return result;
}
int fsync(int fd) { return synced(fd, real_fsync); }
int fdatasync(int fd) { return synced(fd, real_fdatasync); }
