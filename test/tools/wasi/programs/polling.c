/* Waiting for time, for streams and for files. */
#include "check.h"

static __wasi_subscription_t clock_in(uint64_t user, __wasi_timestamp_t ns, __wasi_subclockflags_t flags) {
  __wasi_subscription_t subscription = {.userdata = user, .u.tag = __WASI_EVENTTYPE_CLOCK};
  subscription.u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
  subscription.u.u.clock.timeout = ns;
  subscription.u.u.clock.flags = flags;
  return subscription;
}

static __wasi_subscription_t stream(uint64_t user, __wasi_eventtype_t tag, __wasi_fd_t fd) {
  __wasi_subscription_t subscription = {.userdata = user, .u.tag = tag};
  subscription.u.u.fd_read.file_descriptor = fd;
  return subscription;
}

static __wasi_timestamp_t now(void) {
  __wasi_timestamp_t time;
  OK(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &time));
  return time;
}

int main(void) {
  __wasi_subscription_t in[4];
  __wasi_event_t out[4];
  size_t count;
  GIVES(__WASI_ERRNO_INVAL, __wasi_poll_oneoff(in, out, 0, &count));

  __wasi_timestamp_t before = now();
  in[0] = clock_in(7, 20000000, 0);
  in[1] = clock_in(8, 3600000000000ull, 0);
  OK(__wasi_poll_oneoff(in, out, 2, &count));
  CHECK(count == 1 && out[0].userdata == 7 && out[0].type == __WASI_EVENTTYPE_CLOCK && out[0].error == 0);
  CHECK(now() - before >= 20000000);

  before = now();
  in[0] = clock_in(9, before + 15000000, __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME);
  OK(__wasi_poll_oneoff(in, out, 1, &count));
  CHECK(count == 1 && now() >= before + 15000000);
  in[0] = clock_in(10, 1, __WASI_SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME);
  in[1] = clock_in(11, 0, 0);
  OK(__wasi_poll_oneoff(in, out, 2, &count));
  CHECK(count == 2);
  in[0].u.u.clock.id = 9;
  OK(__wasi_poll_oneoff(in, out, 1, &count));
  CHECK(count == 1 && out[0].error == __WASI_ERRNO_INVAL);

  /* What is ready is told at once, all of it, and the clock that is not due is not. */
  in[0] = clock_in(1, 3600000000000ull, 0);
  in[1] = stream(2, __WASI_EVENTTYPE_FD_READ, 0);
  in[2] = stream(3, __WASI_EVENTTYPE_FD_WRITE, 1);
  in[3] = stream(4, __WASI_EVENTTYPE_FD_WRITE, 2);
  OK(__wasi_poll_oneoff(in, out, 4, &count));
  CHECK(count == 3);
  CHECK(out[0].userdata == 2 && out[0].fd_readwrite.nbytes == 5 && out[0].fd_readwrite.flags == 0);
  CHECK(out[1].userdata == 3 && out[1].error == 0 && out[1].fd_readwrite.nbytes > 0);
  CHECK(out[2].userdata == 4 && out[2].type == __WASI_EVENTTYPE_FD_WRITE);
  char room[8];
  OK(get(0, room, 8, &count));
  OK(__wasi_poll_oneoff(in + 1, out, 1, &count));
  CHECK(count == 1 && out[0].fd_readwrite.nbytes == 0);
  CHECK(out[0].fd_readwrite.flags == __WASI_EVENTRWFLAGS_FD_READWRITE_HANGUP);

  __wasi_fd_t fd = must_open("f", __WASI_OFLAGS_CREAT, BOTH);
  OK(put(fd, "0123456789", &count));
  __wasi_filesize_t place;
  OK(__wasi_fd_seek(fd, 4, __WASI_WHENCE_SET, &place));
  in[0] = stream(1, __WASI_EVENTTYPE_FD_READ, fd);
  in[1] = stream(2, __WASI_EVENTTYPE_FD_WRITE, fd);
  in[2] = stream(3, __WASI_EVENTTYPE_FD_READ, 99);
  in[3] = stream(4, __WASI_EVENTTYPE_FD_WRITE, 0);
  OK(__wasi_poll_oneoff(in, out, 4, &count));
  CHECK(count == 4);
  CHECK(out[0].error == 0 && out[0].fd_readwrite.nbytes == 6 && out[1].error == 0);
  CHECK(out[2].error == __WASI_ERRNO_BADF && out[3].error == __WASI_ERRNO_BADF);
  OK(__wasi_fd_close(fd));
  return 0;
}
