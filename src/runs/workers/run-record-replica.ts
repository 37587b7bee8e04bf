import type { RunId } from "../../kernel/ids.ts";
import {
  type DraftPiece,
  type JournalEntry,
  type RunEvent,
  RunFold,
  type RunRecord,
  type RunView,
} from "../record/index.ts";
import type { RpcClient } from "./rpc-client.ts";
import type { WorkerMessage } from "./protocol.ts";

/**
 * Replica of a run's record in its worker.
 * workers.run-record-replica.M1. The view holds an entry only after the server has reported it durable, and before the
 *   caller that recorded it gets its response.
 */
export class RunRecordReplica implements RunRecord {
  readonly runId: RunId;
  readonly #fold: RunFold;
  readonly #client: RpcClient;
  readonly #post: (message: WorkerMessage) => void;

  constructor(view: RunView, client: RpcClient, post: (message: WorkerMessage) => void) {
    this.runId = view.id;
    this.#fold = RunFold.from(view);
    this.#client = client;
    this.#post = post;
  }

  view(): RunView {
    return this.#fold.view();
  }

  async append(...events: readonly RunEvent[]): Promise<void> {
    await this.#client.call({ type: "record", events });
  }

  enqueue(...events: readonly RunEvent[]): void {
    this.#post({ type: "note", events });
  }

  emit(piece: DraftPiece): void {
    this.#post({ type: "delta", piece });
  }

  apply(entries: readonly JournalEntry[]): void {
    for (const entry of entries) this.#fold.apply(entry);
  }
}
