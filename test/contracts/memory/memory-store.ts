import { Memory, SEARCH_DEFAULTS } from "../../../src/memory/knowledge/index.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { WordEmbedder } from "../../helpers/word-embedder.ts";
import { forgettingContract } from "./forgetting.ts";
import { graphContract } from "./graph.ts";
import { historyContract } from "./history.ts";
import { modelContract } from "./models.ts";
import { rememberingContract } from "./remembering.ts";
import { retentionContract } from "./retention.ts";
import { searchingContract } from "./searching.ts";
import type { OpenedStore, Within } from "./within.ts";

/** What every MemoryStore does, seen through `Memory`. `open` gives a fresh, empty one. */
export function memoryStoreContract(open: () => Promise<OpenedStore>): void {
  const within: Within = async (use) => {
    await using opened = await open();
    const { store } = opened;
    const [embedder, clock] = [new WordEmbedder(), new ManualClock()];
    await using memory = new Memory({ store, embedder, clock, defaults: SEARCH_DEFAULTS });
    await memory.open();
    await use({ memory, embedder, clock, store, opened });
  };
  rememberingContract(within);
  searchingContract(within);
  historyContract(within);
  graphContract(within);
  forgettingContract(within);
  retentionContract(within);
  modelContract(within);
}
