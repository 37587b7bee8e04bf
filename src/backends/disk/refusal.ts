import type { Refusal } from "../../sandbox/index.ts";

const OF_CODE: Readonly<Record<string, Refusal>> = {
  EACCES: "denied",
  EPERM: "denied",
  EROFS: "denied",
  ELOOP: "denied",
  ENXIO: "denied",
  EXDEV: "denied",
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
  ENAMETOOLONG: "invalid",
};

/** What a failure of the file system is for the guest. */
export function refusalOf(error: unknown): Refusal {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return (typeof code === "string" ? OF_CODE[code] : undefined) ?? "io";
}
