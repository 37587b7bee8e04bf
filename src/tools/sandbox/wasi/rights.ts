/**
 * Rights of WASI preview 1: what a descriptor may be used for. They only ever shrink, and none of them gives anything:
 * whether a file may be touched is decided by the grants, at each use.
 */
export const RIGHT = {
  dataSync: 1 << 0,
  read: 1 << 1,
  seek: 1 << 2,
  setFlags: 1 << 3,
  sync: 1 << 4,
  position: 1 << 5,
  write: 1 << 6,
  advise: 1 << 7,
  allocate: 1 << 8,
  createDirectory: 1 << 9,
  createFile: 1 << 10,
  linkSource: 1 << 11,
  linkTarget: 1 << 12,
  open: 1 << 13,
  readDirectory: 1 << 14,
  readLink: 1 << 15,
  renameSource: 1 << 16,
  renameTarget: 1 << 17,
  pathStat: 1 << 18,
  pathSetSize: 1 << 19,
  pathSetTimes: 1 << 20,
  stat: 1 << 21,
  setSize: 1 << 22,
  setTimes: 1 << 23,
  symbolicLink: 1 << 24,
  removeDirectory: 1 << 25,
  unlink: 1 << 26,
  poll: 1 << 27,
  shutdown: 1 << 28,
  accept: 1 << 29,
} as const;

const union = (...rights: readonly number[]): number => rights.reduce((all, right) => all | right, 0);

export const ALL_RIGHTS = union(...Object.values(RIGHT));

/** What can be done with an open file. */
export const FILE_RIGHTS = union(
  RIGHT.dataSync,
  RIGHT.read,
  RIGHT.seek,
  RIGHT.setFlags,
  RIGHT.sync,
  RIGHT.position,
  RIGHT.write,
  RIGHT.advise,
  RIGHT.allocate,
  RIGHT.stat,
  RIGHT.setSize,
  RIGHT.setTimes,
  RIGHT.poll,
);

/** What can be done with an open directory: all but reading, writing and seeking as in a file. */
export const DIRECTORY_RIGHTS =
  ALL_RIGHTS &
  ~union(
    RIGHT.read,
    RIGHT.seek,
    RIGHT.position,
    RIGHT.write,
    RIGHT.advise,
    RIGHT.allocate,
    RIGHT.setSize,
    RIGHT.poll,
    RIGHT.shutdown,
    RIGHT.accept,
  );

/** Streams have neither the right to seek nor to read the position: the C library treats descriptors with it as files. */
export const STREAM_RIGHTS = union(RIGHT.dataSync, RIGHT.sync, RIGHT.setFlags, RIGHT.stat, RIGHT.poll);

/** A file opened with one of these is opened for writing. */
export const WRITE_RIGHTS = union(RIGHT.write, RIGHT.allocate, RIGHT.setSize);

/** Rights as the guest gave them; bits without a meaning are not looked at, since some runtimes ask for all of them. */
export const rightsOf = (bits: bigint): number => Number(bits & BigInt(ALL_RIGHTS));

export const isSubset = (rights: number, of: number): boolean => (rights & ~of) === 0;
