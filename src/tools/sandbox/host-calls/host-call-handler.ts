import { type Broker, type BrokeredFile, type Caller, type FileAccess, refused, type Refused } from "./broker.ts";
import { answerHostRequest, readHostRequest } from "./host-request.ts";
import {
  encodeInfo,
  encodeListing,
  encodeNumber,
  encodeRefusal,
  GRANTED_BYTES,
  type IoRequest,
  type Refusal,
} from "../wire/index.ts";

/** Files one call may have open. */
const OPEN_FILES_MAX = 32;
/** Bytes one read may ask for; the child reads ahead in pieces of this size at most. */
const READ_BYTES_MAX = 1024 * 1024;

type Reply = readonly Uint8Array[];

/**
 * What one call asks of the outside: takes the child's requests to the broker and keeps what was opened, until the call is over.
 * It also knows whether the call changed anything outside its sandbox, which decides whether it may be made again.
 */
export class HostCallHandler {
  /**
   * Shared by all handlers: a guest that keeps a handle past its call finds nothing at it, and no other
   * call's file.
   */
  static #nextHandle = 1;
  readonly #broker: Broker;
  readonly #caller: Caller;
  readonly #files = new Map<number, BrokeredFile>();
  #opening = 0;
  /** Changes in progress: until one is known to have been refused, it may have happened. */
  #changing = 0;
  #isClosed = false;
  readonly #ended = new AbortController();
  #hasEffects = false;
  #denials = 0;

  constructor(broker: Broker, caller: Caller) {
    this.#broker = broker;
    this.#caller = caller;
  }

  /** Whether something outside may have changed. */
  get hasEffects(): boolean {
    return this.#hasEffects || this.#changing > 0;
  }

  /** Requests that the grants do not allow. */
  get denials(): number {
    return this.#denials;
  }

  /** The answer's parts. Never throws. */
  async serve(request: IoRequest): Promise<Reply> {
    try {
      return await this.#serve(request);
    } catch {
      return [encodeRefusal("io")];
    }
  }

  #serve(request: IoRequest): Promise<Reply> {
    switch (request.op) {
      case "open":
        return this.#open(request);
      case "read":
        return this.#read(request);
      case "write":
        return this.#write(request);
      case "append":
        return this.#append(request);
      case "truncate":
        return this.#onFile(request.handle, (file) => file.truncate(request.bytes));
      case "sync":
        return this.#onFile(request.handle, (file) => file.sync());
      case "set-file-times":
        return this.#change(async () => {
          const file = this.#files.get(request.handle);
          return file === undefined ? refused("invalid") : file.setTimes(request.times);
        });
      case "file-stat":
        return this.#statFile(request.handle);
      case "close":
        return this.#close(request.handle);
      case "stat":
        return this.#stat(request);
      case "list":
        return this.#list(request.path);
      case "read-link":
        return this.#readLink(request.path);
      case "make-directory":
      case "rename":
      case "remove":
      case "set-times":
      case "make-link":
      case "link":
        return this.#change(() => changed(this.#broker.files, this.#caller, request));
      case "request":
        return this.#request(request);
    }
  }

  async #open({ path, flags }: Extract<IoRequest, { op: "open" }>): Promise<Reply> {
    if (this.#files.size + this.#opening >= OPEN_FILES_MAX) return this.#refuse("too-many-open");
    const isChange = flags.access === "write" || flags.create || flags.truncate;
    this.#opening += 1;
    if (isChange) this.#changing += 1;
    try {
      const file = await this.#broker.files.open(this.#caller, path, flags);
      if (isRefused(file)) return this.#refuse(file.reason);
      this.#hasEffects ||= isChange;
      if (this.#isClosed) {
        await file.close();
        return this.#refuse("io");
      }
      const handle = HostCallHandler.#nextHandle++;
      this.#files.set(handle, file);
      return [GRANTED_BYTES, encodeNumber(handle), encodeInfo(file.info)];
    } finally {
      this.#opening -= 1;
      if (isChange) this.#changing -= 1;
    }
  }

  async #read({ handle, offset, length }: Extract<IoRequest, { op: "read" }>): Promise<Reply> {
    const bytes = await this.#files.get(handle)?.read(offset, Math.min(length, READ_BYTES_MAX));
    if (bytes === undefined) return this.#refuse("invalid");
    return isRefused(bytes) ? this.#refuse(bytes.reason) : [GRANTED_BYTES, bytes];
  }

  async #write({ handle, offset, bytes }: Extract<IoRequest, { op: "write" }>): Promise<Reply> {
    const written = await this.#files.get(handle)?.write(offset, bytes);
    if (written === undefined) return this.#refuse("invalid");
    return typeof written === "number" ? [GRANTED_BYTES, encodeNumber(written)] : this.#refuse(written.reason);
  }

  async #append({ handle, bytes }: Extract<IoRequest, { op: "append" }>): Promise<Reply> {
    const written = await this.#files.get(handle)?.append(bytes);
    if (written === undefined) return this.#refuse("invalid");
    if (isRefused(written)) return this.#refuse(written.reason);
    return [GRANTED_BYTES, encodeNumber(written.count), encodeNumber(written.end)];
  }

  async #onFile(handle: number, work: (file: BrokeredFile) => Promise<Refused | undefined>): Promise<Reply> {
    const file = this.#files.get(handle);
    const outcome = file === undefined ? refused("invalid") : await work(file);
    return outcome === undefined ? [GRANTED_BYTES] : this.#refuse(outcome.reason);
  }

  async #statFile(handle: number): Promise<Reply> {
    const info = await this.#files.get(handle)?.stat();
    if (info === undefined) return this.#refuse("invalid");
    return isRefused(info) ? this.#refuse(info.reason) : [GRANTED_BYTES, encodeInfo(info)];
  }

  async #close(handle: number): Promise<Reply> {
    const file = this.#files.get(handle);
    this.#files.delete(handle);
    await file?.close();
    return file === undefined ? this.#refuse("invalid") : [GRANTED_BYTES];
  }

  async #stat({ path, follow }: Extract<IoRequest, { op: "stat" }>): Promise<Reply> {
    const info = await this.#broker.files.stat(this.#caller, path, follow);
    return isRefused(info) ? this.#refuse(info.reason) : [GRANTED_BYTES, encodeInfo(info)];
  }

  async #list(path: string): Promise<Reply> {
    const listing = await this.#broker.files.list(this.#caller, path);
    return isRefused(listing) ? this.#refuse(listing.reason) : [GRANTED_BYTES, encodeListing(listing)];
  }

  async #readLink(path: string): Promise<Reply> {
    const text = await this.#broker.files.readLink(this.#caller, path);
    return isRefused(text) ? this.#refuse(text.reason) : [GRANTED_BYTES, Buffer.from(text)];
  }

  async #change(begin: () => Promise<Refused | undefined>): Promise<Reply> {
    this.#changing += 1;
    try {
      const outcome = await begin();
      if (outcome?.reason === "denied") return this.#refuse("denied");
      this.#hasEffects = true;
      return outcome === undefined ? [GRANTED_BYTES] : this.#refuse(outcome.reason);
    } finally {
      this.#changing -= 1;
    }
  }

  async #request({ name, body }: Extract<IoRequest, { op: "request" }>): Promise<Reply> {
    const request = readHostRequest(name, body);
    const isChange = request.type === "valid" && request.changes;
    if (isChange) this.#changing += 1;
    const answer = await answerHostRequest(this.#broker, this.#caller, request, this.#ended.signal);
    if (isChange) this.#changing -= 1;
    if (answer.refusal === "denied") this.#denials += 1;
    else this.#hasEffects ||= isChange;
    return [GRANTED_BYTES, ...answer.parts];
  }

  #refuse(reason: Refusal): Reply {
    if (reason === "denied") this.#denials += 1;
    return [encodeRefusal(reason)];
  }

  /** Closes what the call left open. Never throws. */
  async end(): Promise<void> {
    this.#isClosed = true;
    this.#ended.abort();
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.allSettled(files.map((file) => file.close()));
  }
}

type Change = Extract<IoRequest, { op: "make-directory" | "rename" | "remove" | "set-times" | "make-link" | "link" }>;

function changed(files: FileAccess, caller: Caller, request: Change): Promise<Refused | undefined> {
  switch (request.op) {
    case "make-directory":
      return files.createDirectory(caller, request.path);
    case "rename":
      return files.rename(caller, request.from, request.to);
    case "remove":
      return files.remove(caller, request.path, request.kind);
    case "set-times":
      return files.setTimes(caller, request.path, request);
    case "make-link":
      return files.makeLink(caller, request.path, request.target);
    case "link":
      return files.link(caller, request.from, request.to);
  }
}

const isRefused = (value: unknown): value is Refused =>
  typeof value === "object" && value !== null && "type" in value && value.type === "refused";
