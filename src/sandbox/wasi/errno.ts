import type { Refusal } from "../wire/index.ts";

/** Error numbers of WASI preview 1, as far as this host gives them. */
export const ERRNO = {
  success: 0,
  access: 2,
  badDescriptor: 8,
  exists: 20,
  fault: 21,
  fileTooBig: 22,
  badSequence: 25,
  invalid: 28,
  io: 29,
  isDirectory: 31,
  tooManyFiles: 33,
  nameTooLong: 37,
  noEntry: 44,
  noSpace: 51,
  noSystemCall: 52,
  notDirectory: 54,
  notEmpty: 55,
  notSupported: 58,
  overflow: 61,
  seekPipe: 70,
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
};

export const errnoOf = (refusal: Refusal): number => OF_REFUSAL[refusal];
