import type { Refusal } from "../wire/index.ts";

/** Error numbers of WASI preview 1, as far as this host gives them. */
export const ERRNO = {
  success: 0,
  access: 2,
  again: 6,
  badDescriptor: 8,
  exists: 20,
  fault: 21,
  fileTooBig: 22,
  badSequence: 25,
  invalid: 28,
  io: 29,
  isDirectory: 31,
  loop: 32,
  tooManyFiles: 33,
  nameTooLong: 37,
  noEntry: 44,
  noSpace: 51,
  noSystemCall: 52,
  notDirectory: 54,
  notEmpty: 55,
  notSocket: 57,
  notSupported: 58,
  overflow: 61,
  seekPipe: 70,
  crossDevice: 75,
  notCapable: 76,
} as const;

const OF_REFUSAL: Readonly<Record<Refusal, number>> = {
  denied: ERRNO.access,
  "not-found": ERRNO.noEntry,
  exists: ERRNO.exists,
  "is-directory": ERRNO.isDirectory,
  "not-directory": ERRNO.notDirectory,
  "not-empty": ERRNO.notEmpty,
  "too-large": ERRNO.fileTooBig,
  "too-many-open": ERRNO.tooManyFiles,
  "storage-full": ERRNO.noSpace,
  invalid: ERRNO.invalid,
  io: ERRNO.io,
  loop: ERRNO.loop,
  "name-too-long": ERRNO.nameTooLong,
  "cross-device": ERRNO.crossDevice,
};

export const errnoOf = (refusal: Refusal): number => OF_REFUSAL[refusal];
