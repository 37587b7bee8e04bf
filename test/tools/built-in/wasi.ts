import type { HostAnswer, World } from "./world.ts";

const ERRNO = {
  success: 0,
  access: 2,
  badDescriptor: 8,
  exists: 20,
  isDirectory: 31,
  noEntry: 44,
  notDirectory: 54,
  notEmpty: 55,
} as const;
const FILETYPE = { directory: 3, file: 4 } as const;
const OPEN = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
const APPEND = 1;

class Exit extends Error {}

type Open =
  | { readonly type: "file"; readonly path: string; position: number; readonly appends: boolean }
  | { readonly type: "directory"; readonly path: string };

/** Just enough of WASI preview 1 to run a tool server over a world in memory, from the first line to the last. */
class Wasi {
  readonly #world: World;
  readonly #input: Uint8Array;
  #inputAt = 0;
  readonly output: Uint8Array[] = [];
  readonly #open = new Map<number, Open>([
    [3, { type: "directory", path: "." }],
    [4, { type: "directory", path: "/" }],
  ]);
  #next = 5;
  #response = Buffer.alloc(0);
  memory = new WebAssembly.Memory({ initial: 0 });

  constructor(world: World, input: Uint8Array) {
    this.#world = world;
    this.#input = input;
  }

  get #view() {
    return new DataView(this.memory.buffer);
  }
  #bytes(at: number, length: number) {
    return new Uint8Array(this.memory.buffer, at, length);
  }
  #path(fd: number, at: number, length: number): string {
    const base = this.#open.get(fd)?.path ?? ".";
    const name = new TextDecoder().decode(this.#bytes(at, length));
    if (name === ".") return base;
    return base === "." ? name : `${base === "/" ? "" : base}/${name}`;
  }
  #spans(at: number, count: number): Uint8Array[] {
    return Array.from({ length: count }, (_, index) =>
      this.#bytes(this.#view.getUint32(at + 8 * index, true), this.#view.getUint32(at + 8 * index + 4, true)),
    );
  }

  #read(fd: number, spans: number, count: number, out: number): number {
    let total = 0;
    const file = this.#open.get(fd);
    if (fd !== 0 && file?.type !== "file") return file ? ERRNO.isDirectory : ERRNO.badDescriptor;
    for (const span of this.#spans(spans, count)) {
      const from = file?.type === "file" ? file.position : this.#inputAt;
      const source = file?.type === "file" ? (this.#world.files.get(file.path) ?? this.#input) : this.#input;
      const part = source.subarray(from, from + span.length);
      span.set(part);
      total += part.length;
      if (file?.type === "file") file.position += part.length;
      else this.#inputAt += part.length;
    }
    this.#view.setUint32(out, total, true);
    return ERRNO.success;
  }

  #write(fd: number, spans: number, count: number, out: number): number {
    const bytes = Buffer.concat(this.#spans(spans, count));
    const file = this.#open.get(fd);
    if (file?.type === "file") {
      const old = this.#world.files.get(file.path) ?? new Uint8Array();
      const at = file.appends ? old.length : file.position;
      this.#world.put(file.path, Buffer.concat([old.subarray(0, at), bytes]));
      file.position = at + bytes.length;
    } else if (fd === 1) this.output.push(bytes);
    this.#view.setUint32(out, bytes.length, true);
    return ERRNO.success;
  }

  #openPath(path: string, how: number, flags: number, out: number): number {
    const world = this.#world;
    if (world.denied.has(path)) return ERRNO.access;
    const kind = world.kind(path);
    if (kind === "directory" || (how & OPEN.directory) !== 0) {
      if (kind !== "directory") return kind ? ERRNO.notDirectory : ERRNO.noEntry;
      this.#open.set(this.#next, { type: "directory", path });
    } else {
      if (kind && (how & OPEN.exclusive) !== 0) return ERRNO.exists;
      if (!kind && ((how & OPEN.create) === 0 || !world.hasParent(path))) return ERRNO.noEntry;
      if (!kind || (how & OPEN.truncate) !== 0) world.put(path, "");
      this.#open.set(this.#next, { type: "file", path, position: 0, appends: (flags & APPEND) !== 0 });
    }
    this.#view.setUint32(out, this.#next, true);
    this.#next += 1;
    return ERRNO.success;
  }

  #stat(path: string | undefined, out: number): number {
    const kind = path === undefined ? undefined : this.#world.kind(path);
    if (path === undefined || kind === undefined) return ERRNO.noEntry;
    if (this.#world.denied.has(path)) return ERRNO.access;
    this.#bytes(out, 64).fill(0);
    this.#view.setUint8(out + 16, FILETYPE[kind]);
    this.#view.setBigUint64(out + 32, BigInt(this.#world.files.get(path)?.length ?? 0), true);
    this.#view.setBigUint64(out + 48, 1_700_000_000_000_000_000n, true);
    return ERRNO.success;
  }

  #list(given: readonly (number | bigint)[]): number {
    const [fd = 0, at = 0, length = 0, cookie = 0, used = 0] = given.map(Number);
    const directory = this.#open.get(fd);
    if (directory?.type !== "directory") return ERRNO.notDirectory;
    const chunks = this.#world.entries(directory.path).flatMap(({ name, kind }, index) => {
      if (index < cookie) return [];
      const encoded = new TextEncoder().encode(name);
      const head = Buffer.alloc(24);
      head.writeBigUInt64LE(BigInt(index + 1), 0);
      head.writeUInt32LE(encoded.length, 16);
      head.writeUInt8(FILETYPE[kind], 20);
      return [head, encoded];
    });
    const all = Buffer.concat(chunks).subarray(0, length);
    this.#bytes(at, length).set(all);
    this.#view.setUint32(used, all.length, true);
    return ERRNO.success;
  }

  #remove(path: string, kind: "file" | "directory"): number {
    const found = this.#world.kind(path);
    if (!found) return ERRNO.noEntry;
    if (found !== kind) return found === "directory" ? ERRNO.isDirectory : ERRNO.notDirectory;
    if (kind === "directory" && this.#world.entries(path).length > 0) return ERRNO.notEmpty;
    this.#world.files.delete(path);
    this.#world.directories.delete(path);
    return ERRNO.success;
  }

  #makeDirectory(path: string): number {
    if (this.#world.kind(path)) return ERRNO.exists;
    if (!this.#world.hasParent(path)) return ERRNO.noEntry;
    this.#world.directories.add(path);
    return ERRNO.success;
  }

  #rename(from: string, to: string): number {
    const bytes = this.#world.files.get(from);
    if (!bytes) return ERRNO.noEntry;
    this.#world.files.delete(from);
    this.#world.put(to, bytes);
    return ERRNO.success;
  }

  /** The functions of the module `caxton`: each request is answered by the world at once. */
  hostImports() {
    return {
      request: (name: number, nameLength: number, body: number, bodyLength: number) => {
        const operation = new TextDecoder().decode(this.#bytes(name, nameLength));
        const envelope = Buffer.from(this.#bytes(body, bodyLength));
        const end = 4 + envelope.readUInt32LE(0);
        const head: unknown = JSON.parse(envelope.toString("utf8", 4, end));
        const {
          refused,
          head: answered,
          body: bytes,
        }: HostAnswer = this.#world.ask(operation, head, envelope.subarray(end));
        const json = Buffer.from(JSON.stringify(answered));
        const length = Buffer.alloc(4);
        length.writeUInt32LE(json.length);
        this.#response = Buffer.concat([length, json, bytes]);
        return refused ? 1 : 0;
      },
      response_size: () => this.#response.length,
      response: (at: number, length: number) => {
        const part = this.#response.subarray(0, length);
        this.#bytes(at, part.length).set(part);
        return part.length;
      },
    };
  }

  imports() {
    const preopen = (fd: number) => (fd === 3 || fd === 4 ? this.#open.get(fd)?.path : undefined);
    return {
      fd_read: (fd: number, spans: number, count: number, out: number) => this.#read(fd, spans, count, out),
      fd_write: (fd: number, spans: number, count: number, out: number) => this.#write(fd, spans, count, out),
      fd_close: (fd: number) => (this.#open.delete(fd) ? ERRNO.success : ERRNO.badDescriptor),
      fd_seek: (fd: number, offset: bigint, _whence: number, out: number) => {
        const file = this.#open.get(fd);
        if (file?.type !== "file") return ERRNO.badDescriptor;
        file.position = Number(offset);
        this.#view.setBigUint64(out, offset, true);
        return ERRNO.success;
      },
      fd_filestat_get: (fd: number, out: number) => this.#stat(this.#open.get(fd)?.path, out),
      fd_prestat_get: (fd: number, out: number) => {
        const name = preopen(fd);
        if (name === undefined) return ERRNO.badDescriptor;
        this.#view.setUint32(out, 0, true);
        this.#view.setUint32(out + 4, name.length, true);
        return ERRNO.success;
      },
      fd_prestat_dir_name: (fd: number, at: number, length: number) => {
        this.#bytes(at, length).set(new TextEncoder().encode(preopen(fd) ?? ""));
        return ERRNO.success;
      },
      fd_readdir: (...given: (number | bigint)[]) => this.#list(given),
      path_open: (...given: (number | bigint)[]) => {
        const [fd, , at, length, how, , , flags, out] = given.map(Number);
        return this.#openPath(this.#path(fd ?? 0, at ?? 0, length ?? 0), how ?? 0, flags ?? 0, out ?? 0);
      },
      path_filestat_get: (...given: number[]) => {
        const [fd = 0, , at = 0, length = 0, out = 0] = given;
        return this.#stat(this.#path(fd, at, length), out);
      },
      path_create_directory: (fd: number, at: number, length: number) =>
        this.#makeDirectory(this.#path(fd, at, length)),
      path_remove_directory: (fd: number, at: number, length: number) =>
        this.#remove(this.#path(fd, at, length), "directory"),
      path_unlink_file: (fd: number, at: number, length: number) => this.#remove(this.#path(fd, at, length), "file"),
      path_rename: (...given: number[]) => {
        const [fd = 0, at = 0, length = 0, toFd = 0, toAt = 0, toLength = 0] = given;
        return this.#rename(this.#path(fd, at, length), this.#path(toFd, toAt, toLength));
      },
      clock_time_get: (_clock: number, _precision: bigint, out: number) => {
        this.#view.setBigUint64(out, this.#world.clockNs, true);
        return ERRNO.success;
      },
      environ_get: () => ERRNO.success,
      environ_sizes_get: (count: number, bytes: number) => {
        this.#view.setUint32(count, 0, true);
        this.#view.setUint32(bytes, 0, true);
        return ERRNO.success;
      },
      proc_exit: () => {
        throw new Exit("the tool server ended");
      },
    };
  }
}

/** Runs a tool server on these lines until it has read them all, and gives the lines it wrote. Throws what it trapped with. */
export function runServer(module: WebAssembly.Module, lines: readonly string[], world: World): readonly string[] {
  const wasi = new Wasi(world, new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
  const instance = new WebAssembly.Instance(module, {
    wasi_snapshot_preview1: wasi.imports(),
    caxton: wasi.hostImports(),
  });
  const { memory, _start: start } = instance.exports;
  if (!(memory instanceof WebAssembly.Memory) || typeof start !== "function") throw new Error("not a WASI command");
  wasi.memory = memory;
  try {
    start();
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
  }
  return Buffer.concat(wasi.output)
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}
