import type { Refusal } from "../../sandbox/index.ts";

const OF_CODE: Readonly<Record<string, Refusal>> = {
  EACCES: "denied",
  EPERM: "denied",
  EROFS: "denied",
  ENXIO: "denied",
  EBUSY: "denied",
  ENOENT: "not-found",
  EEXIST: "exists",
  EISDIR: "is-directory",
  ENOTDIR: "not-directory",
  ENOTEMPTY: "not-empty",
  EFBIG: "too-large",
  EMFILE: "too-many-open",
  ENFILE: "too-many-open",
  ENOSPC: "storage-full",
  EDQUOT: "storage-full",
  EINVAL: "invalid",
  ELOOP: "loop",
  ENAMETOOLONG: "name-too-long",
  EXDEV: "cross-device",
};

/** The system's name for a failure, if it is one of the system's. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** What a failure of the file system is for the guest. */
export const refusalOf = (error: unknown): Refusal => OF_CODE[codeOf(error) ?? ""] ?? "io";
