/* Arguments, variables, clocks, chance, signals and what is no socket. */
#include "check.h"

int main(int count, char **values) {
  CHECK(count == 3);
  CHECK(strcmp(values[1], "one") == 0);
  CHECK(strcmp(values[2], "two words, \"quoted\"") == 0);
  CHECK(strcmp(getenv("GREETING"), "hel=lo\n") == 0);
  CHECK(getenv("SECRET") == NULL);

  __wasi_timestamp_t one, other;
  for (unsigned clock = 0; clock < 4; clock++) {
    OK(__wasi_clock_res_get(clock, &one));
    CHECK(one == 1000000);
    OK(__wasi_clock_time_get(clock, 0, &one));
    OK(__wasi_clock_time_get(clock, 1, &other));
    CHECK(one <= other);
    CHECK(one % 1000000 == 0);
  }
  GIVES(__WASI_ERRNO_INVAL, __wasi_clock_time_get(4, 0, &one));
  GIVES(__WASI_ERRNO_INVAL, __wasi_clock_res_get(4, &one));
  OK(__wasi_clock_time_get(__WASI_CLOCKID_REALTIME, 0, &one));
  CHECK(one > 1577836800000000000ull);

  static uint8_t bytes[70000];
  OK(__wasi_random_get(bytes, 0));
  CHECK(bytes[0] == 0);
  OK(__wasi_random_get(bytes, sizeof bytes));
  unsigned zeros = 0;
  for (size_t at = 0; at < sizeof bytes; at++) zeros += bytes[at] == 0;
  CHECK(zeros < sizeof bytes / 100);

  OK(__wasi_sched_yield());

  __wasi_roflags_t flags;
  size_t length;
  GIVES(__WASI_ERRNO_NOTSOCK, __wasi_sock_shutdown(1, __WASI_SDFLAGS_RD));
  GIVES(__WASI_ERRNO_NOTSOCK, __wasi_sock_send(1, NULL, 0, 0, &length));
  GIVES(__WASI_ERRNO_NOTSOCK, __wasi_sock_recv(0, NULL, 0, 0, &length, &flags));
  GIVES(__WASI_ERRNO_BADF, __wasi_sock_shutdown(99, __WASI_SDFLAGS_RD));
  return 0;
}
