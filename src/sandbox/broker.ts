import type { CallContext } from "../tools/index.ts";

/** What a guest may do with a path it opened. */
export type FileAccess = "read" | "write";

export type FileInfo = {
  readonly kind: "file" | "directory";
  readonly bytes: number;
  readonly modifiedAtMs: number;
};

/** Why a request was refused; the guest is told as the WASI error of the same meaning. */
export const BROKER_REFUSALS = [
  "denied",
  "not-found",
  "exists",
  "is-directory",
  "not-directory",
  "not-empty",
  "too-large",
  "too-many-open",
  "storage-full",
  "invalid",
  "io",
] as const;
export type BrokerRefusal = (typeof BROKER_REFUSALS)[number];

export type Refused = { readonly type: "refused"; readonly reason: BrokerRefusal };
export const refused = (reason: BrokerRefusal): Refused => ({ type: "refused", reason });

/** An open file of one call. */
export interface BrokeredFile {
  readonly info: FileInfo;
  read(offset: number, length: number): Promise<Uint8Array | Refused>;
  write(offset: number, bytes: Uint8Array): Promise<number | Refused>;
  truncate(bytes: number): Promise<void | Refused>;
  close(): Promise<void>;
}

export type OpenOptions = {
  readonly access: FileAccess;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
};

/** One directory or file tree a tool server may touch. */
export type FileGrant = { readonly path: string; readonly access: FileAccess };

/** Everything one tool server may touch; nothing is allowed that is not here. */
export type Grants = {
  readonly files: readonly FileGrant[];
  /** Real time, to the millisecond; a tool without it sees a clock that stands still. */
  readonly clock: boolean;
  readonly random: boolean;
  /** Names of environment variables the guest is given. */
  readonly environment: readonly string[];
};

/**
 * All I/O of guests, done in the server's own process after checking the server's grants. Paths are the guest's text:
 * relative ones are taken from the server's directory, `uploads/<name>` is a file attached to the calling run.
 * Nothing here throws for what a guest did: refusals are values. Every use is audited.
 */
export interface Broker {
  open(caller: Caller, path: string, options: OpenOptions): Promise<BrokeredFile | Refused>;
  stat(caller: Caller, path: string): Promise<FileInfo | Refused>;
  list(
    caller: Caller,
    path: string,
  ): Promise<readonly { readonly name: string; readonly kind: FileInfo["kind"] }[] | Refused>;
  createDirectory(caller: Caller, path: string): Promise<void | Refused>;
  rename(caller: Caller, from: string, to: string): Promise<void | Refused>;
  remove(caller: Caller, path: string, kind: FileInfo["kind"]): Promise<void | Refused>;
  environment(caller: Caller): readonly { readonly name: string; readonly value: string }[];
}

export type Caller = { readonly server: string; readonly grants: Grants; readonly context: CallContext };
