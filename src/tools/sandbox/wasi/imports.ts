import { ERRNO } from "./errno.ts";
import { poll } from "./poll.ts";
import { RIGHT } from "./rights.ts";
import type { Wasi } from "./wasi.ts";

export const WASI_MODULE = "wasi_snapshot_preview1";

/** Fuel of any call into the host, so that a guest cannot spend the host's time for nearly nothing. */
const CALL_FUEL = 100;

type HostFunction = (...values: never[]) => unknown;
type Maker = (wasi: Wasi) => HostFunction;

const span = (at: number, length: number) => ({ at: at >>> 0, length: length >>> 0 });
const place = (directory: number, path: number, length: number) => ({ directory, path: span(path, length) });

/** Calls that never wait. WebAssembly passes i32 as signed: `>>> 0` makes a pointer of it. */
const IMMEDIATE: Readonly<Record<string, Maker>> = {
  args_get: (wasi) => (pointers: number, bytes: number) => wasi.system.arguments(pointers >>> 0, bytes >>> 0),
  args_sizes_get: (wasi) => (count: number, bytes: number) => wasi.system.argumentSizes(count >>> 0, bytes >>> 0),
  environ_get: (wasi) => (pointers: number, bytes: number) => wasi.system.environment(pointers >>> 0, bytes >>> 0),
  environ_sizes_get: (wasi) => (count: number, bytes: number) => wasi.system.environmentSizes(count >>> 0, bytes >>> 0),
  clock_res_get: (wasi) => (clock: number, out: number) => wasi.system.resolution(clock >>> 0, out >>> 0),
  clock_time_get: (wasi) => (clock: number, _precision: bigint, out: number) =>
    wasi.system.time(clock >>> 0, out >>> 0),
  random_get: (wasi) => (at: number, length: number) => wasi.system.random(at >>> 0, length >>> 0),
  fd_seek: (wasi) => (fd: number, offset: bigint, whence: number, out: number) =>
    wasi.seek(fd, offset, whence, out >>> 0),
  fd_tell: (wasi) => (fd: number, out: number) => wasi.seek(fd, 0n, 1, out >>> 0),
  fd_close: (wasi) => (fd: number) => wasi.files.close(fd),
  fd_fdstat_get: (wasi) => (fd: number, out: number) => wasi.descriptorStat(fd, out >>> 0),
  fd_fdstat_set_flags: (wasi) => (fd: number, flags: number) => wasi.setDescriptorFlags(fd, flags),
  fd_fdstat_set_rights: (wasi) => (fd: number, rights: bigint, inheriting: bigint) =>
    wasi.setDescriptorRights(fd, rights, inheriting),
  fd_prestat_get: (wasi) => (fd: number, out: number) => wasi.preopenStat(fd, out >>> 0),
  fd_prestat_dir_name: (wasi) => (fd: number, at: number, length: number) =>
    wasi.preopenName(fd, at >>> 0, length >>> 0),
  fd_renumber: (wasi) => (from: number, to: number) => wasi.renumber(from, to),
  fd_advise: (wasi) => (fd: number, _offset: bigint, _length: bigint, advice: number) => wasi.advise(fd, advice >>> 0),
  sched_yield: () => () => ERRNO.success,
  proc_exit: (wasi) => (code: number) => wasi.exit(code),
  proc_raise: (wasi) => (signal: number) => wasi.raise(signal >>> 0),
  sock_accept: (wasi) => (fd: number) => wasi.socket(fd),
  sock_recv: (wasi) => (fd: number) => wasi.socket(fd),
  sock_send: (wasi) => (fd: number) => wasi.socket(fd),
  sock_shutdown: (wasi) => (fd: number) => wasi.socket(fd),
};

/** Calls that may wait: for input, for a file or for time. */
const SUSPENDING: Readonly<Record<string, Maker>> = {
  fd_read: (wasi) => (fd: number, at: number, count: number, out: number) =>
    wasi.read(fd, at >>> 0, count >>> 0, out >>> 0),
  fd_pread:
    (wasi) =>
    (...[fd, at, count, offset, out]: [number, number, number, bigint, number]) =>
      wasi.readAt(fd, [at >>> 0, count >>> 0], offset, out >>> 0),
  fd_write: (wasi) => (fd: number, at: number, count: number, out: number) =>
    wasi.write(fd, at >>> 0, count >>> 0, out >>> 0),
  fd_pwrite:
    (wasi) =>
    (...[fd, at, count, offset, out]: [number, number, number, bigint, number]) =>
      wasi.writeAt(fd, [at >>> 0, count >>> 0], offset, out >>> 0),
  fd_filestat_get: (wasi) => (fd: number, out: number) => wasi.fileStat(fd, out >>> 0),
  fd_filestat_set_size: (wasi) => (fd: number, bytes: bigint) => wasi.setSize(fd, bytes),
  fd_filestat_set_times: (wasi) => (fd: number, accessed: bigint, modified: bigint, flags: number) =>
    wasi.setTimes(fd, accessed, modified, flags),
  fd_allocate: (wasi) => (fd: number, offset: bigint, length: bigint) => wasi.allocate(fd, offset, length),
  fd_sync: (wasi) => (fd: number) => wasi.sync(fd, RIGHT.sync),
  fd_datasync: (wasi) => (fd: number) => wasi.sync(fd, RIGHT.dataSync),
  fd_readdir:
    (wasi) =>
    (...[fd, room, length, cookie, out]: [number, number, number, bigint, number]) =>
      wasi.readDirectory(fd, span(room, length), cookie, out >>> 0),
  path_open:
    (wasi) =>
    (...[fd, lookup, path, length, openFlags, rights, inheriting, flags, out]: PathOpen) =>
      wasi.paths.open({ ...place(fd, path, length), lookup, openFlags, rights, inheriting, flags, out: out >>> 0 }),
  path_filestat_get:
    (wasi) =>
    (...[fd, lookup, path, length, out]: [number, number, number, number, number]) =>
      wasi.paths.stat(place(fd, path, length), lookup, out >>> 0),
  path_filestat_set_times:
    (wasi) =>
    (...[fd, lookup, path, length, ...stamps]: [number, number, number, number, bigint, bigint, number]) =>
      wasi.paths.setTimes(place(fd, path, length), lookup, stamps),
  path_create_directory: (wasi) => (fd: number, path: number, length: number) =>
    wasi.paths.makeDirectory(place(fd, path, length)),
  path_unlink_file: (wasi) => (fd: number, path: number, length: number) =>
    wasi.paths.remove(place(fd, path, length), "file"),
  path_remove_directory: (wasi) => (fd: number, path: number, length: number) =>
    wasi.paths.remove(place(fd, path, length), "directory"),
  path_rename:
    (wasi) =>
    (...[fd, path, length, toFd, toPath, toLength]: [number, number, number, number, number, number]) =>
      wasi.paths.rename(place(fd, path, length), place(toFd, toPath, toLength)),
  path_link:
    (wasi) =>
    (...[fd, lookup, path, length, toFd, toPath, toLength]: [number, number, number, number, number, number, number]) =>
      wasi.paths.link(place(fd, path, length), lookup, place(toFd, toPath, toLength)),
  path_symlink:
    (wasi) =>
    (...[said, saidLength, fd, path, length]: [number, number, number, number, number]) =>
      wasi.paths.symbolicLink(span(said, saidLength), place(fd, path, length)),
  path_readlink:
    (wasi) =>
    (...[fd, path, length, room, roomLength, out]: [number, number, number, number, number, number]) =>
      wasi.paths.readLink(place(fd, path, length), span(room, roomLength), out >>> 0),
  poll_oneoff: (wasi) => (input: number, output: number, count: number, out: number) =>
    poll(wasi, input >>> 0, output >>> 0, [count >>> 0, out >>> 0]),
};

type PathOpen = [number, number, number, number, number, bigint, bigint, number, number];

/** Host functions for one instance: those of `names`; what this host does not know answers that it does not exist. */
export function wasiImports(wasi: Wasi, names: readonly string[]): Record<string, unknown> {
  const imports: Record<string, unknown> = {};
  for (const name of names) {
    const suspending = SUSPENDING[name];
    imports[name] =
      suspending === undefined
        ? charged(wasi, IMMEDIATE[name] ?? (() => () => ERRNO.noSystemCall))
        : new WebAssembly.Suspending(charged(wasi, suspending));
  }
  return imports;
}

/**
 * Takes the fuel of a call before it is made; a guest that was ended does not get any further. Each number of
 * parameters has a function of its own, since V8 calls those directly.
 */
function charged(wasi: Wasi, maker: Maker): HostFunction {
  const body = maker(wasi);
  const enter = (): void => {
    wasi.gate.charge(CALL_FUEL);
    wasi.memory.enter();
  };
  switch (body.length) {
    case 2:
      return (one: never, two: never) => {
        enter();
        return body(one, two);
      };
    case 3:
      return (one: never, two: never, three: never) => {
        enter();
        return body(one, two, three);
      };
    case 4:
      return (one: never, two: never, three: never, four: never) => {
        enter();
        return body(one, two, three, four);
      };
    default:
      return (...values: never[]) => {
        enter();
        return body(...values);
      };
  }
}
