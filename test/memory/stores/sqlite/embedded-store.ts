import { type Done, EmbeddedMemory, type Job } from "../../../../src/memory/stores/sqlite/embedded-memory.ts";
import { hitsOf, walkedOf } from "../../../../src/memory/stores/sqlite/files/packing.ts";
import { entityOf } from "../../../../src/memory/stores/sqlite/rows.ts";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { Memory, type MemoryStore, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";

/**
 * A memory in the test's own thread, so that what the server's thread does in between, such as reading indexes, is done when
 * the test says so.
 */
export function embeddedIn(file: string) {
  const embedded = EmbeddedMemory.open({ file, synchronous: "normal" });
  const done = (job: Job): Done => {
    let result: Done;
    embedded.run([job], ([value]) => {
      result = value;
    });
    if (job.type === "forget") embedded.scrub();
    return result;
  };
  const { reading } = embedded;
  const store = {
    name: "embedded",
    write: async (writes) => Object(done({ type: "write", writes })),
    restore: async (entities, relations) => void done({ type: "restore", entities, relations }),
    embedded: async (of) => done({ type: "embedded", of }) === true,
    switchModel: async (model) => void done({ type: "switch-model", model }),
    dropOthers: async (model, limit) => done({ type: "drop-others", model, limit }) === true,
    forget: async (target, by) => Object(done({ type: "forget", target, by })),
    find: async (keys) => reading.find(keys).map((cells) => cells && entityOf(cells)),
    get: async (ids) => reading.get(ids).map((cells) => cells && entityOf(cells)),
    search: async (search) => hitsOf(embedded.search(search)),
    list: async (filter, page) => {
      const { entries, next } = reading.list(filter, page);
      return { entries: entries.map(entityOf), next };
    },
    relations: async (of, page) => reading.relations(of, page),
    relation: async (id) => reading.relation(id),
    walk: async (walk) => walkedOf(reading.walk(walk)),
    log: async (of, page) => reading.log(of, page),
    history: async (id) => reading.history(id),
    unembedded: async (model, limit) => embedded.unembedded(model, limit).map(entityOf),
    model: async () => embedded.model(),
    stats: async () => embedded.stats(),
    check: async (repair) => embedded.check(repair),
    reindex: async () => embedded.rebuild(),
    close: async () => embedded.close(),
  } satisfies MemoryStore;
  const memory = new Memory({ store, embedder: undefined, clock: systemClock, defaults: SEARCH_DEFAULTS });
  return { embedded, memory, [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose]() };
}
