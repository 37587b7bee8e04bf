import type { Admission } from "../../../access/index.ts";
import type { RunId } from "../../../kernel/ids.ts";
import { estimateTokens } from "../../../kernel/tokens.ts";
import type { RunServices } from "../../../runs/index.ts";
import { modelToolName } from "../../../tools/catalogue/index.ts";
import type { threads, Turn } from "../../contract/index.ts";
import type { ApiServices } from "../api-services.ts";
import { presentAdded, presentTurn } from "./present-thread.ts";

type Thread = ReturnType<RunServices["threads"]["get"]>;
type PathTurn = ReturnType<RunServices["threads"]["path"]>[number];
type Shown = {
  readonly thread: Thread;
  /** Last turn of the branch; null for none. */
  readonly head: RunId | null;
  readonly admission: Admission;
};

/** A branch of a thread, as its reader may see it. */
export class Branch {
  readonly #runs: RunServices;
  readonly #shown: Shown;
  /** Names of tools that only read. */
  readonly #readers: ReadonlySet<string>;
  readonly #compaction: ReturnType<RunServices["threads"]["compaction"]>;

  constructor({ runs, tools }: Pick<ApiServices, "runs" | "tools">, shown: Shown) {
    const servers = tools.catalogue.of(shown.admission.principal.workspace).servers();
    const all = servers.flatMap((server) => server.tools);
    this.#runs = runs;
    this.#shown = shown;
    this.#readers = new Set(all.filter(({ effects }) => effects.readOnly).map(modelToolName));
    this.#compaction = runs.threads.compaction(shown.head);
  }

  /** All turns of the branch, oldest first. */
  turns(): readonly PathTurn[] {
    return [...this.#runs.threads.branch(this.#shown.head)].toReversed();
  }

  /** Turns with their messages, without those of agents that the reader may not use. */
  present(turns: readonly PathTurn[]): Turn[] {
    const { thread, admission } = this.#shown;
    const parents = [...new Set(turns.map(({ parent }) => parent))];
    const places = Map.groupBy(this.#runs.threads.next(thread.id, parents), ({ parent }) => parent);
    return turns.flatMap(({ run, parent }) => {
      const view = this.#runs.runs.view(run);
      const summary = this.#runs.stores.journal.summary(run);
      // An earlier turn may be of another agent, which the caller's grant does not cover.
      if (summary === undefined || !admission.covers("agents", view.agent)) return [];
      const siblings = (places.get(parent) ?? []).map((turn) => turn.run);
      const branches = siblings.includes(run) ? siblings : [run, ...siblings];
      const inContext = this.#compaction?.of(run) ?? "whole";
      return [presentTurn(view, summary, { siblings: branches, readers: this.#readers, inContext })];
    });
  }

  /** Messages that were added after its last turn. */
  added(): threads.AddedMessage[] {
    const { thread, head } = this.#shown;
    return this.#runs.threads.added(thread.id, head).map(presentAdded);
  }

  /** What the next turn sees in place of summarized ones; null for none. */
  summary(): { readonly text: string; readonly tokens: number } | null {
    // A summary also has turns of agents that the caller's grant does not cover.
    const text = this.#shown.admission.isWhole ? (this.#compaction?.summary ?? "") : "";
    return text === "" ? null : { text, tokens: estimateTokens(text) };
  }
}
