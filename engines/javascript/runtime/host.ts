/** What main.c gives to this runtime. Numbers in place of a value are errors of WASI. */
type Host = {
  /** 1 is standard output, 2 the server's log. */
  write(descriptor: 1 | 2, text: string): void;
  readFile(path: string): Uint8Array<ArrayBuffer> | number;
  writeFile(path: string, bytes: Uint8Array, appends: boolean): number;
  listDirectory(path: string): [name: string, kind: number][] | number;
  removeFile(path: string): number;
  encode(text: string): Uint8Array<ArrayBuffer>;
  /** Undefined when `isStrict` and the bytes are not UTF-8. */
  decode(bytes: Uint8Array, isStrict: boolean): string | undefined;
  random(bytes: Uint8Array): void;
  /** Milliseconds of the monotonic clock; they stand still for a tool without `clock`. */
  now(): number;
  sleep(ms: number): void;
  /** An operation of the server: whether it was refused, and the envelope of its answer. */
  request(operation: string, envelope: Uint8Array): [status: number, envelope: Uint8Array<ArrayBuffer>];
};

declare const host: Host;
const given = host;
export { given as host };
