import type { CallContext, Grants } from "../tools/index.ts";
import type { DirectoryEntry, FileInfo, OpenFlags, Refusal } from "./wire/index.ts";

export type Refused = { readonly type: "refused"; readonly reason: Refusal };
export const refused = (reason: Refusal): Refused => ({ type: "refused", reason });

/** An open file of one call. */
export interface BrokeredFile {
  readonly info: FileInfo;
  read(offset: number, length: number): Promise<Uint8Array | Refused>;
  write(offset: number, bytes: Uint8Array): Promise<number | Refused>;
  /** Undefined when it was done. */
  truncate(bytes: number): Promise<Refused | undefined>;
  close(): Promise<void>;
}

/**
 * All I/O of guests, done in the server's own process after checking the server's grants. Paths are the guest's text:
 * relative ones are taken from the server's directory, `uploads/<name>` is a file attached to the calling run.
 * Nothing here throws for what a guest did: refusals are values. Every use is audited.
 */
export interface Broker {
  open(caller: Caller, path: string, options: OpenFlags): Promise<BrokeredFile | Refused>;
  stat(caller: Caller, path: string): Promise<FileInfo | Refused>;
  list(caller: Caller, path: string): Promise<readonly DirectoryEntry[] | Refused>;
  createDirectory(caller: Caller, path: string): Promise<Refused | undefined>;
  rename(caller: Caller, from: string, to: string): Promise<Refused | undefined>;
  remove(caller: Caller, path: string, kind: FileInfo["kind"]): Promise<Refused | undefined>;
  /** The granted variables that are set. */
  environment(grants: Grants): readonly { readonly name: string; readonly value: string }[];
}

export type Caller = { readonly server: string; readonly grants: Grants; readonly context: CallContext };
