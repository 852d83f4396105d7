/* A disk that a test can cut the power of: preloaded into a server, it makes fsync and fdatasync slow or fail, and logs
 * how much of each file had reached the disk when they returned. See fsync-shim.ts.
 *
 *   FSYNC_SHIM_LOG        file that gets a line `<bytes> <path>` for each sync that has ended well
 *   FSYNC_SHIM_CONTROL    file with `delay <milliseconds>` or `errno <number>`; read before each sync, may be absent
 *   FSYNC_SHIM_SUFFIX     only paths that end like this are touched
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef int (*sync_call)(int);

/* The path of an open file, or an empty string when it is none of ours. */
static void path_of(int fd, char *path, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  path[length < 0 ? 0 : length] = '\0';
  const char *suffix = getenv("FSYNC_SHIM_SUFFIX");
  if (suffix == NULL) return;
  size_t have = strlen(path), want = strlen(suffix);
  if (have < want || strcmp(path + have - want, suffix) != 0) path[0] = '\0';
}

/* What the test asks for at the moment; returns the errno to fail with, or 0. */
static int obey(void) {
  const char *control = getenv("FSYNC_SHIM_CONTROL");
  FILE *file = control == NULL ? NULL : fopen(control, "re");
  if (file == NULL) return 0;
  char order[16] = "";
  long value = 0;
  int read = fscanf(file, "%15s %ld", order, &value);
  fclose(file);
  if (read != 2) return 0;
  if (strcmp(order, "errno") == 0) return (int)value;
  if (strcmp(order, "delay") == 0) {
    struct timespec pause = {value / 1000, value % 1000 * 1000000};
    nanosleep(&pause, NULL);
  }
  return 0;
}

static void log_synced(const char *path, off_t bytes) {
  const char *log = getenv("FSYNC_SHIM_LOG");
  int fd = log == NULL ? -1 : open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  dprintf(fd, "%lld %s\n", (long long)bytes, path);
  close(fd);
}

static int synchronise(const char *name, int fd) {
  sync_call real = (sync_call)dlsym(RTLD_NEXT, name);
  char path[4096];
  path_of(fd, path, sizeof path);
  if (path[0] == '\0') return real(fd);
  /* What is written while the disk is busy is not part of this sync. */
  struct stat before;
  off_t bytes = fstat(fd, &before) == 0 ? before.st_size : 0;
  int failure = obey();
  if (failure != 0) {
    errno = failure;
    return -1;
  }
  int result = real(fd);
  if (result == 0) log_synced(path, bytes);
  return result;
}

int fsync(int fd) { return synchronise("fsync", fd); }
int fdatasync(int fd) { return synchronise("fdatasync", fd); }
