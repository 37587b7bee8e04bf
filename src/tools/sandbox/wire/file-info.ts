/** What is known of files, as bytes. */

export type FileInfo = {
  readonly kind: FileKind;
  readonly bytes: number;
  /** Together they identify a file. */
  readonly device: bigint;
  readonly inode: bigint;
  /** Names that the file has. */
  readonly links: bigint;
  /** Nanoseconds since 1970, never below 0. */
  readonly accessedNs: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
};
/** What can be seen of the file system; a link is a symbolic one. Append only: the wire has the place in this list. */
export const FILE_KINDS = ["file", "directory", "link"] as const;
export type FileKind = (typeof FILE_KINDS)[number];

export type DirectoryEntry = { readonly name: string; readonly kind: FileKind; readonly inode: bigint };
/** A directory's own number, and what is in it without `.` and `..`. */
export type Listing = { readonly inode: bigint; readonly entries: readonly DirectoryEntry[] };

/** A time to be set: nanoseconds since 1970, the present, or none. */
export type Stamp = bigint | "now" | "keep";
export type Stamps = { readonly accessed: Stamp; readonly modified: Stamp };

const INFO_BYTES = 57;

export function encodeInfo(info: FileInfo): Buffer {
  const bytes = Buffer.allocUnsafe(INFO_BYTES);
  bytes[0] = FILE_KINDS.indexOf(info.kind);
  bytes.writeDoubleLE(info.bytes, 1);
  const numbers64 = [info.device, info.inode, info.links, info.accessedNs, info.modifiedNs, info.changedNs];
  for (const [index, value] of numbers64.entries()) bytes.writeBigUInt64LE(value, 9 + 8 * index);
  return bytes;
}

/** A listing as JSON: the directory's number, then name, kind and number of each entry. */
export const encodeListing = ({ inode, entries }: Listing): Buffer =>
  Buffer.from(
    JSON.stringify([
      String(inode),
      entries.map((entry) => [entry.name, FILE_KINDS.indexOf(entry.kind), String(entry.inode)]),
    ]),
  );

export function decodeListing(body: Buffer): Listing {
  const [inode, listed]: readonly [string, readonly (readonly [string, number, string])[]] = JSON.parse(
    body.toString("utf8"),
  );
  const entries = listed.map(([name, kind, number]) => ({ name, kind: kindAt(kind), inode: BigInt(number) }));
  return { inode: BigInt(inode), entries };
}

const kindAt = (place: number | undefined): FileKind => FILE_KINDS[place ?? 0] ?? "file";

export const decodeInfo = (bytes: Buffer): FileInfo => ({
  kind: kindAt(bytes[0]),
  bytes: bytes.readDoubleLE(1),
  device: bytes.readBigUInt64LE(9),
  inode: bytes.readBigUInt64LE(17),
  links: bytes.readBigUInt64LE(25),
  accessedNs: bytes.readBigUInt64LE(33),
  modifiedNs: bytes.readBigUInt64LE(41),
  changedNs: bytes.readBigUInt64LE(49),
});

const STAMP_BYTES = 9;
export const STAMPS_BYTES: number = 2 * STAMP_BYTES;
const KEEP = 0;
const NOW = 1;
const GIVEN = 2;

/** `u8 kind | u64 nanoseconds`, for each of the two. */
export function stampBytes({ accessed, modified }: Stamps): Buffer {
  const bytes = Buffer.alloc(2 * STAMP_BYTES);
  for (const [index, stamp] of [accessed, modified].entries()) {
    const at = index * STAMP_BYTES;
    bytes[at] = stamp === "keep" ? KEEP : stamp === "now" ? NOW : GIVEN;
    if (typeof stamp === "bigint") bytes.writeBigUInt64LE(stamp, at + 1);
  }
  return bytes;
}

/** Undefined when the bytes are not two times. */
export function stampsOf(bytes: Buffer): Stamps | undefined {
  if (bytes.length !== 2 * STAMP_BYTES) return undefined;
  const accessed = stampAt(bytes, 0);
  const modified = stampAt(bytes, STAMP_BYTES);
  return accessed === undefined || modified === undefined ? undefined : { accessed, modified };
}

function stampAt(bytes: Buffer, at: number): Stamp | undefined {
  const tag = bytes[at];
  if (tag === GIVEN) return bytes.readBigUInt64LE(at + 1);
  return tag === KEEP ? "keep" : tag === NOW ? "now" : undefined;
}
