/* Ends as its argument says: with an exit code or by a signal. */
#include "check.h"

/* The header leaves it out. */
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_raise"))) int32_t proc_raise(int32_t signal);

int main(int count, char **values) {
  CHECK(count == 3);
  int number = atoi(values[2]);
  if (strcmp(values[1], "exit") == 0) {
    __wasi_proc_exit(number);
  } else {
    /* A child that ended, a window that was resized: nobody listens. Stopping is no end. */
    OK(proc_raise(0));
    OK(proc_raise(16));
    OK(proc_raise(27));
    GIVES(__WASI_ERRNO_NOTSUP, proc_raise(18));
    GIVES(__WASI_ERRNO_INVAL, proc_raise(31));
    proc_raise(number);
  }
  return 99;
}
