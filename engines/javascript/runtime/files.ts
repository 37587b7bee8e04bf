import { host } from "./host.ts";
import { bytesOf, type BytesLike, textOf, utf8 } from "./text.ts";

/** A file could not be used; `code` is as in POSIX. */
export class FileError extends Error {
  override readonly name = "FileError";
  readonly code: string;
  readonly path: string;
  constructor(code: string, path: string, message: string) {
    super(message);
    this.code = code;
    this.path = path;
  }
}

const NOT_GRANTED = "the tool was not granted it: add it under [[grants.files]] in its tool.toml";

/** WASI's numbers of errors that have something to say to a person. */
const ERRORS: Readonly<Record<number, readonly [code: string, meaning: string]>> = {
  2: ["EACCES", NOT_GRANTED],
  20: ["EEXIST", "it exists already"],
  22: ["EFBIG", "it is too large"],
  31: ["EISDIR", "it is a directory"],
  33: ["EMFILE", "too many files are open"],
  37: ["ENAMETOOLONG", "its name is too long"],
  44: ["ENOENT", "there is no such file or directory"],
  51: ["ENOSPC", "there is no space left"],
  54: ["ENOTDIR", "it is not a directory"],
  63: ["EPERM", NOT_GRANTED],
  69: ["EROFS", 'it may only be read: grant it with access = "write" in tool.toml'],
  76: ["ENOTCAPABLE", NOT_GRANTED],
};

const DIRECTORY = 3;
const REGULAR_FILE = 4;

function fail(error: number, what: string, path: string): never {
  const [code, meaning] = ERRORS[error] ?? ["EIO", `WASI's error ${error}`];
  throw new FileError(code, path, `cannot ${what} ${path}: ${meaning}`);
}

const textPath = (path: unknown): string => {
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return path;
  throw new TypeError("expected a path");
};

export async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const read = host.readFile(textPath(path));
  return typeof read === "number" ? fail(read, "read", path) : read;
}

export const readTextFile = async (path: string): Promise<string> => textOf(await readFile(path));

export async function writeFile(path: string, data: string | BytesLike, { append = false } = {}): Promise<void> {
  const error = host.writeFile(textPath(path), typeof data === "string" ? utf8(data) : bytesOf(data), append);
  if (error !== 0) fail(error, "write", path);
}

export async function removeFile(path: string): Promise<void> {
  const error = host.removeFile(textPath(path));
  if (error !== 0) fail(error, "remove", path);
}

export async function listDirectory(path = "."): Promise<{ name: string; kind: "file" | "directory" | "other" }[]> {
  const entries = host.listDirectory(textPath(path));
  if (typeof entries === "number") return fail(entries, "list", path);
  return entries
    .filter(([name]) => name !== "." && name !== "..")
    .map(([name, kind]) => ({
      name,
      kind: kind === DIRECTORY ? "directory" : kind === REGULAR_FILE ? "file" : "other",
    }));
}
