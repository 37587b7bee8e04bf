import type { ToolCallId } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { CallContext, Grants, MemoryGrantScope } from "../../catalogue/index.ts";
import type { Secrets } from "../../../text/redaction/index.ts";
import type { FileInfo, HostRefusal, Listing, OpenFlags, Refusal, Stamps } from "../wire/index.ts";

/** On whose behalf something is asked for; the same object for all that one call asks. */
export type Caller = {
  readonly server: string;
  readonly grants: Grants;
  readonly call: ToolCallId;
  readonly context: CallContext;
};

export type Refused = { readonly type: "refused"; readonly reason: Refusal };
export const refused = (reason: Refusal): Refused => ({ type: "refused", reason });

export type HostRefused = { readonly type: "refused"; readonly code: HostRefusal; readonly message: string };
export const hostRefused = (code: HostRefusal, message: string): HostRefused => ({ type: "refused", code, message });

/** An open file of one call. What gives `Refused | undefined` was done when it gives undefined. */
export interface BrokeredFile {
  /** As it was when it was opened. */
  readonly info: FileInfo;
  stat(): Promise<FileInfo | Refused>;
  read(offset: number, length: number): Promise<Uint8Array | Refused>;
  write(offset: number, bytes: Uint8Array): Promise<number | Refused>;
  /** Writes at the end, wherever that is by then; `end` is where it is afterwards. */
  append(bytes: Uint8Array): Promise<{ readonly count: number; readonly end: number } | Refused>;
  truncate(bytes: number): Promise<Refused | undefined>;
  /** Has what was written put on disk. */
  sync(): Promise<Refused | undefined>;
  setTimes(times: Stamps): Promise<Refused | undefined>;
  close(): Promise<void>;
}

/**
 * Files. Paths are the guest's text: relative ones are taken from the server's directory, `uploads/<name>` is a file
 * attached to the calling run. What gives `Refused | undefined` was done when it gives undefined.
 */
export interface FileAccess {
  open(caller: Caller, path: string, options: OpenFlags): Promise<BrokeredFile | Refused>;
  /** `follow` says whether a symbolic link at the path's end is looked at or looked through. */
  stat(caller: Caller, path: string, follow: boolean): Promise<FileInfo | Refused>;
  list(caller: Caller, path: string): Promise<Listing | Refused>;
  createDirectory(caller: Caller, path: string): Promise<Refused | undefined>;
  rename(caller: Caller, from: string, to: string): Promise<Refused | undefined>;
  remove(caller: Caller, path: string, kind: "file" | "directory"): Promise<Refused | undefined>;
  setTimes(caller: Caller, path: string, change: TimeChange): Promise<Refused | undefined>;
  /** What a symbolic link says. */
  readLink(caller: Caller, path: string): Promise<string | Refused>;
  /** Makes a symbolic link; one that would lead out of what is granted is denied. */
  makeLink(caller: Caller, path: string, target: string): Promise<Refused | undefined>;
  /** Gives a file a further name; both have to be granted for writing. */
  link(caller: Caller, from: string, to: string): Promise<Refused | undefined>;
}
export type TimeChange = { readonly follow: boolean; readonly times: Stamps };

export type HttpRequest = {
  /** In capitals. */
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
  /** Of the whole exchange; undefined leaves it to the call's own deadline. */
  readonly timeoutMs: number | undefined;
  /** Of the answer; undefined is 4 MiB. */
  readonly bytesMax?: number | undefined;
};
export type HttpAnswer = {
  readonly type: "answered";
  readonly status: number;
  /** Where the answer came from in the end, after redirects. */
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
};
export interface HttpAccess {
  fetch(caller: Caller, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer | HostRefused>;
}

export type StateEntry = { readonly key: string; readonly bytes: number; readonly updatedAtMs: number };
/** Keys and values of one server in one workspace. */
export interface StateAccess {
  get(caller: Caller, key: string): Promise<Uint8Array | undefined | HostRefused>;
  /** Undefined when it was done, and is on disk. */
  set(caller: Caller, key: string, value: Uint8Array): Promise<HostRefused | undefined>;
  delete(caller: Caller, key: string): Promise<boolean | HostRefused>;
  list(
    caller: Caller,
    page: { readonly prefix: string; readonly limit: number; readonly cursor: string | undefined },
  ): Promise<{ readonly keys: readonly StateEntry[]; readonly next: string | undefined } | HostRefused>;
}

export type SentMessage = {
  readonly type: "sent";
  readonly id: string;
  readonly conversationId: string;
  /** The recipients; empty if the topic has no subscribers. */
  readonly recipients: readonly string[];
};
/** Messages to agents, in the name of the agent whose run made the call. */
export interface MessageAccess {
  /** `message` is what the guest wrote, as it is; it is on disk when this resolves. */
  send(caller: Caller, message: JsonObject): Promise<SentMessage | HostRefused>;
}

export type MemorySearch = {
  readonly query: string;
  /** Whose memory, all of it granted; undefined is all that one grant allows. */
  readonly scopes: readonly MemoryGrantScope[] | undefined;
  /** Hits; more than is granted are not given. */
  readonly limit: number | undefined;
};
export type MemoryHit = {
  readonly name: string;
  readonly type: string;
  readonly scope: MemoryGrantScope;
  /** Those that match the query best first. */
  readonly observations: readonly string[];
  /** The more the better; to be compared within one answer. */
  readonly score: number;
};
export type MemoryFound = {
  readonly type: "found";
  /** The best first. */
  readonly hits: readonly MemoryHit[];
  /** What the search had to do without, as codes. */
  readonly notices: readonly string[];
  /** Something was left out, since an answer is bounded. */
  readonly isCut: boolean;
};
/** What is remembered, for reading, on behalf of the agent, the conversation and the workspace of the call and of no other. */
export interface MemoryAccess {
  search(caller: Caller, search: MemorySearch, signal: AbortSignal): Promise<MemoryFound | HostRefused>;
}

/** What a guest reads of the system it runs in. */
export const SYSTEM_USES = ["clock", "random", "environment"] as const;
export type SystemUse = (typeof SYSTEM_USES)[number];

/**
 * All I/O of guests, done in the server's own process after checking the server's grants. Nothing here throws for what
 * a guest did: refusals are values. Every use is audited.
 */
export interface Broker {
  readonly files: FileAccess;
  readonly http: HttpAccess;
  readonly state: StateAccess;
  readonly messages: MessageAccess;
  readonly memory: MemoryAccess;
  /**
   * What the guest finds in its environment: granted variables that are set, and granted secrets or what stands for them. `workspace`
   * is the one in which it is deployed.
   */
  environment(
    server: string,
    grants: Grants,
    workspace: string,
  ): readonly { readonly name: string; readonly value: string }[];
  /**
   * Called when an instance uses a system interface for the first time; must not throw. Absent if uses are not
   * recorded.
   */
  used?(caller: Caller, kinds: readonly SystemUse[]): void;
  /**
   * Texts that must not leave the sandbox in a result or a log, with the names to write instead; if they can change
   * while the server runs, a function that returns the current ones.
   */
  confidential(grants: Grants): Secrets;
}
