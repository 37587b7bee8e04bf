/* SQLite's files over WASI. There are no locks: the host lets one call at a time use a database, and whether somebody
   else changed it meanwhile is seen by its change counter. Temporary files are kept in memory by SQLite itself. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "sqlite3.h"

typedef struct File {
  sqlite3_file base;
  /* -1 for a log that is not there: it is empty. */
  int fd;
} File;

static int fdOf(sqlite3_file *file) { return ((File *)file)->fd; }

static int fileClose(sqlite3_file *file) {
  if (fdOf(file) >= 0) close(fdOf(file));
  return SQLITE_OK;
}

static int fileRead(sqlite3_file *file, void *buffer, int amount, sqlite3_int64 offset) {
  int got = 0;
  if (fdOf(file) < 0) {
    memset(buffer, 0, (size_t)amount);
    return SQLITE_IOERR_SHORT_READ;
  }
  while (got < amount) {
    ssize_t count = pread(fdOf(file), (char *)buffer + got, (size_t)(amount - got), offset + got);
    if (count < 0) return SQLITE_IOERR_READ;
    if (count == 0) {
      memset((char *)buffer + got, 0, (size_t)(amount - got));
      return SQLITE_IOERR_SHORT_READ;
    }
    got += (int)count;
  }
  return SQLITE_OK;
}

static int fileWrite(sqlite3_file *file, const void *buffer, int amount, sqlite3_int64 offset) {
  int done = 0;
  while (done < amount) {
    ssize_t count = pwrite(fdOf(file), (const char *)buffer + done, (size_t)(amount - done), offset + done);
    if (count < 0) return errno == ENOSPC || errno == EFBIG ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    if (count == 0) return SQLITE_FULL;
    done += (int)count;
  }
  return SQLITE_OK;
}

static int fileTruncate(sqlite3_file *file, sqlite3_int64 size) {
  return ftruncate(fdOf(file), size) == 0 ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

static int fileSync(sqlite3_file *file, int flags) {
  (void)flags;
  return fsync(fdOf(file)) == 0 ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int fileSize(sqlite3_file *file, sqlite3_int64 *size) {
  struct stat info;
  *size = 0;
  if (fdOf(file) < 0) return SQLITE_OK;
  if (fstat(fdOf(file), &info) != 0) return SQLITE_IOERR_FSTAT;
  *size = info.st_size;
  return SQLITE_OK;
}

static int fileLock(sqlite3_file *file, int level) {
  (void)file;
  (void)level;
  return SQLITE_OK;
}

static int fileIsReserved(sqlite3_file *file, int *result) {
  (void)file;
  *result = 0;
  return SQLITE_OK;
}

static int fileControl(sqlite3_file *file, int operation, void *argument) {
  (void)file;
  (void)operation;
  (void)argument;
  return SQLITE_NOTFOUND;
}

static int sectorSize(sqlite3_file *file) {
  (void)file;
  return 4096;
}

static int characteristics(sqlite3_file *file) {
  (void)file;
  return SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN;
}

static const sqlite3_io_methods METHODS = {
  1,         fileClose, fileRead,       fileWrite,   fileTruncate, fileSync,        fileSize,
  fileLock,  fileLock,  fileIsReserved, fileControl, sectorSize,   characteristics,
};

static int filesOpen(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *outFlags) {
  (void)vfs;
  File *opened = (File *)file;
  opened->base.pMethods = 0;
  if (name == 0) return SQLITE_CANTOPEN;
  int how = flags & SQLITE_OPEN_READWRITE ? O_RDWR : O_RDONLY;
  if (flags & SQLITE_OPEN_CREATE) how |= O_CREAT;
  if (flags & SQLITE_OPEN_EXCLUSIVE) how |= O_EXCL;
  opened->fd = open(name, how, 0644);
  if (opened->fd < 0 && how & O_RDWR) {
    /* Where only reading is granted; a log that is not there has nothing to be read. */
    opened->fd = open(name, O_RDONLY);
    flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
  }
  if (opened->fd < 0 && !(flags & SQLITE_OPEN_WAL)) return errno == EISDIR ? SQLITE_CANTOPEN_ISDIR : SQLITE_CANTOPEN;
  opened->base.pMethods = &METHODS;
  if (outFlags) *outFlags = flags;
  return SQLITE_OK;
}

static int filesDelete(sqlite3_vfs *vfs, const char *name, int sync) {
  (void)vfs;
  (void)sync;
  if (unlink(name) == 0) return SQLITE_OK;
  return errno == ENOENT ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
}

static int filesAccess(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
  (void)vfs;
  struct stat info;
  *result = stat(name, &info) == 0 && (flags != SQLITE_ACCESS_EXISTS || info.st_size > 0);
  return SQLITE_OK;
}

static int filesPath(sqlite3_vfs *vfs, const char *name, int room, char *out) {
  (void)vfs;
  size_t length = strlen(name);
  if (length + 1 > (size_t)room) return SQLITE_CANTOPEN_FULLPATH;
  memcpy(out, name, length + 1);
  return SQLITE_OK;
}

static int filesRandom(sqlite3_vfs *vfs, int amount, char *out) {
  (void)vfs;
  return getentropy(out, (size_t)(amount > 256 ? 256 : amount)) == 0 ? amount : 0;
}

static int filesSleep(sqlite3_vfs *vfs, int microseconds) {
  (void)vfs;
  return microseconds;
}

static int filesTime(sqlite3_vfs *vfs, sqlite3_int64 *milliseconds) {
  (void)vfs;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  /* Julian day of 1970-01-01 in milliseconds. */
  *milliseconds = 210866760000000LL + now.tv_sec * 1000LL + now.tv_nsec / 1000000;
  return SQLITE_OK;
}

static int filesTimeOfDay(sqlite3_vfs *vfs, double *days) {
  sqlite3_int64 milliseconds = 0;
  filesTime(vfs, &milliseconds);
  *days = (double)milliseconds / 86400000.0;
  return SQLITE_OK;
}

static int filesError(sqlite3_vfs *vfs, int room, char *out) {
  (void)vfs;
  (void)room;
  (void)out;
  return errno;
}

static sqlite3_vfs FILES = {
  2, sizeof(File), 512, 0, "files", 0,
  filesOpen, filesDelete, filesAccess, filesPath,
  0, 0, 0, 0,
  filesRandom, filesSleep, filesTimeOfDay, filesError, filesTime, 0, 0, 0,
};

int sqlite3_os_init(void) { return sqlite3_vfs_register(&FILES, 1); }

int sqlite3_os_end(void) { return SQLITE_OK; }
