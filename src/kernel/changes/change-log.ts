/** A change that lists, pages and webhooks report; what it changed to is read where it is stored. */
export type Change =
  | {
      readonly type: "agent";
      readonly name: string;
      readonly change: "deployed" | "deleted" | "activated" | "paused" | "resumed";
      readonly revision: number;
    }
  | { readonly type: "tool-server"; readonly name: string; readonly state: string }
  | { readonly type: "task"; readonly id: string; readonly change: "created" | "changed"; readonly state: string }
  | {
      readonly type: "thread";
      readonly id: string;
      readonly change: "created" | "changed" | "deleted";
      readonly agent: string;
    }
  | { readonly type: "webhook"; readonly id: string; readonly url: string; readonly reason: string };

export type LoggedChange = { readonly seq: number; readonly workspace: string; readonly change: Change };

/** The last changes, numbered over all starts of the server. What is older than `LIMITS.changesKeptMax` changes is gone. */
export interface ChangeLog {
  /** Writes a change that is kept nowhere else; watchers are woken once it is on disk. Never throws: the log says what failed. */
  publish(workspace: string, change: Change): void;
  /** Changes after `afterSeq`, oldest first, `limit` at most. Throws storage errors. */
  read(afterSeq: number, limit: number): readonly LoggedChange[];
  /** Range of the stored changes; `first` is one more than `last` if the log is empty. */
  range(): { readonly first: number; readonly last: number };
  /** Woken when there are more; a listener must be quick and never throw. */
  watch(listener: () => void): Disposable;
}
