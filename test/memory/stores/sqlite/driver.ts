/**
 * A process that remembers until it is killed: `node driver.ts <directory>`. Says `N <name>` for each entity that was answered
 * to be kept, and `R` when the first is.
 */
import { argv } from "node:process";
import { SqliteMemoryStore } from "../../../../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { Memory, scopeKey, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";
import { say } from "../../../helpers/say.ts";
import { WordEmbedder } from "../../../helpers/word-embedder.ts";

const BATCH = 20;
const WRITERS = 4;
const SCOPE = scopeKey({ type: "workspace", workspace: "default" });

const store = new SqliteMemoryStore({ directory: argv[2] ?? ".", synchronous: "full" });
const memory = new Memory({ store, embedder: new WordEmbedder(), clock: systemClock, defaults: SEARCH_DEFAULTS });
await memory.open();

async function rememberOn(writer: number): Promise<never> {
  for (let round = 0; ; round += 1) {
    const names = Array.from({ length: BATCH }, (_none, at) => `${process.pid}-w${writer}-r${round}-n${at}`);
    const inputs = names.map((name) => ({
      name,
      observations: [{ text: `first of ${name}` }, { text: `second of ${name}` }],
    }));
    await memory.changes.remember(SCOPE, inputs, { source: "import", sourceId: undefined, agent: undefined });
    say(names.map((name) => `N ${name}`).join("\n"));
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_none, writer) => rememberOn(writer)));
