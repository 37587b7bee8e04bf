/** Linux constants per architecture. Names and numbers are those of the kernel's headers (include/uapi). */
export const ARCHITECTURES = ["x64", "arm64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];
type Numbers = { readonly [A in Architecture]: number | undefined };

/** The number of a system call on x64 (asm/unistd_64.h) and arm64 (asm-generic/unistd.h); undefined where it does not exist. */
const on = <Arm64 extends number | undefined>(x64: number, arm64: Arm64) => ({ x64, arm64 });

/** `AUDIT_ARCH_X86_64` and `AUDIT_ARCH_AARCH64` of linux/audit.h. */
export const AUDIT_ARCHITECTURE = { x64: 0xc000003e, arm64: 0xc00000b7 } as const satisfies Numbers;

/** System calls that confine the process. */
export const CONFINING = {
  close: on(3, 57),
  openat: on(257, 56),
  prctl: on(157, 167),
  seccomp: on(317, 277),
  landlock_create_ruleset: on(444, 444),
  landlock_restrict_self: on(446, 446),
} as const satisfies { readonly [name: string]: Numbers };

export const IO_URING_SETUP = on(425, 425);

/** What V8, libuv and the C library call after the start: memory, threads, time, and descriptors that are open. */
export const ALLOWED: { readonly [name: string]: Numbers } = {
  read: on(0, 63),
  write: on(1, 64),
  futex: on(202, 98),
  epoll_pwait: on(281, 22),
  epoll_wait: on(232, undefined),
  epoll_pwait2: on(441, 441),
  epoll_ctl: on(233, 21),
  clock_gettime: on(228, 113),
  mmap: on(9, 222),
  mprotect: on(10, 226),
  munmap: on(11, 215),
  madvise: on(28, 233),
  mremap: on(25, 216),
  brk: on(12, 214),
  mincore: on(27, 232),
  pkey_mprotect: on(329, 288),
  pkey_alloc: on(330, 289),
  pkey_free: on(331, 290),
  membarrier: on(324, 283),
  readv: on(19, 65),
  writev: on(20, 66),
  close: on(3, 57),
  fstat: on(5, 80),
  shutdown: on(48, 210),
  getsockname: on(51, 204),
  getsockopt: on(55, 209),
  eventfd2: on(290, 19),
  rt_sigaction: on(13, 134),
  rt_sigprocmask: on(14, 135),
  rt_sigreturn: on(15, 139),
  sigaltstack: on(131, 132),
  restart_syscall: on(219, 128),
  sched_yield: on(24, 124),
  sched_getaffinity: on(204, 123),
  sched_getparam: on(143, 121),
  sched_getscheduler: on(145, 120),
  nanosleep: on(35, 101),
  clock_nanosleep: on(230, 115),
  clock_getres: on(229, 114),
  gettimeofday: on(96, 169),
  getrandom: on(318, 278),
  getcpu: on(309, 168),
  getpid: on(39, 172),
  gettid: on(186, 178),
  getuid: on(102, 174),
  geteuid: on(107, 175),
  getgid: on(104, 176),
  getegid: on(108, 177),
  getrusage: on(98, 165),
  sysinfo: on(99, 179),
  uname: on(63, 160),
  set_robust_list: on(273, 99),
  rseq: on(334, 293),
  exit: on(60, 93),
  exit_group: on(231, 94),
};

/** A condition on a 32-bit word of the arguments: argument `n` is words `2 * n` (low) and `2 * n + 1` (high). */
export type Condition = { readonly word: number; readonly mask?: number; readonly values: readonly number[] };
export type ConditionalCall = { readonly numbers: Numbers; readonly conditions: readonly Condition[] };

/** `CLONE_VM | CLONE_THREAD`, and all namespaces, of linux/sched.h. */
const THREAD = 0x0001_0100;
const NAMESPACES = 0x7e02_0000;

/** Allowed if all conditions hold. `pid` is that of the process, which may end itself by a signal: abort() does. */
export const conditionalCalls = (pid: number): readonly ConditionalCall[] => [
  { numbers: on(56, 220), conditions: [{ word: 0, mask: THREAD | NAMESPACES, values: [THREAD] }] }, // clone
  { numbers: on(62, 129), conditions: [{ word: 0, values: [pid] }] }, // kill
  { numbers: on(234, 131), conditions: [{ word: 0, values: [pid] }] }, // tgkill
  // prctl: PR_SET_NAME, PR_SET_VMA, PR_GET_SECCOMP, PR_GET_NO_NEW_PRIVS (linux/prctl.h).
  { numbers: on(157, 167), conditions: [{ word: 0, values: [15, 0x53564d41, 21, 39] }] },
  // fcntl: F_GETFD, F_SETFD, F_GETFL, F_SETFL (asm-generic/fcntl.h). F_SETOWN could send signals.
  { numbers: on(72, 25), conditions: [{ word: 2, values: [1, 2, 3, 4] }] },
  // ioctl: TCGETS, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX (asm-generic/ioctls.h).
  { numbers: on(16, 29), conditions: [{ word: 2, values: [0x5401, 0x541b, 0x5421, 0x5450, 0x5451] }] },
  // prlimit64: only of this process, and only to read.
  {
    numbers: on(302, 261),
    conditions: [0, 4, 5].map((word) => ({ word, values: [0] })),
  },
];

/** Calls for which the C library has another way, or which must fail in a certain way; errors of asm-generic/errno.h. */
export const REFUSED_AS: readonly { readonly numbers: Numbers; readonly errno: number }[] = [
  { numbers: on(435, 435), errno: 38 }, // clone3: ENOSYS, so that threads are started by clone, whose flags can be checked.
  { numbers: on(262, 79), errno: 9 }, // newfstatat: EBADF, which Node expects of fstat when it ends, where that is newfstatat.
];
