// What other memories do with the entities of `bench/memory.ts`: the reference memory server with all of it, vector stores with
// the vectors of their passages.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { entityOf, passageOf, questionOf, range, SCOPE, staticEmbedder, timed } from "./memory-data.ts";
import type { Memory } from "../src/memory/knowledge/index.ts";
import { installPeers } from "./peer.ts";
import { exactly, recallOf, type VectorPeer, vectorPeers } from "./vector-peers.ts";

/** Questions whose ten best are looked for exactly as well. */
const ASKED = 100;
const EMBEDDED = 1_000;

export type Reference = {
  readonly searches: readonly number[];
  readonly stores: readonly number[];
  /** From its start to its first answer. */
  readonly firstMs: number;
  readonly rssBytes: number;
};

/**
 * The reference memory server over a file in its own form; its search looks for the text itself, and nothing is synced.
 * Rejects with what it says when it cannot.
 */
export async function reference(file: string, count: number): Promise<Reference> {
  installPeers();
  const program = join(import.meta.dirname, "peers/node_modules/@modelcontextprotocol/server-memory/dist/index.js");
  const from = performance.now();
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [program],
    env: { MEMORY_FILE_PATH: file },
    stderr: "ignore",
  });
  const client = new Client({ name: "bench", version: "1.0.0" });
  await client.connect(transport);
  const patient = { timeout: 600_000 };
  const call = async (name: string, words: { readonly [word: string]: unknown }) => {
    const { isError, content } = await client.callTool({ name, arguments: words }, patient);
    if (isError) throw new Error(content.map((part) => (part.type === "text" ? part.text : "")).join(" "));
  };
  const search = (at: number) => call("search_nodes", { query: questionOf(at, 2) });
  try {
    await search(0);
    const firstMs = performance.now() - from;
    // With a million each takes most of a minute, if it is done at all.
    const times = count > 100_000 ? 3 : 10;
    const searches = await timed(times, search);
    const stores = await timed(times, (at) => {
      const { name, type = "", observations = [] } = entityOf(count + at);
      const entities = [{ name, entityType: type, observations: observations.map(({ text }) => text) }];
      return call("create_entities", { entities });
    });
    return { searches, stores, firstMs, rssBytes: residentBytes(transport.pid ?? 0) };
  } finally {
    await client.close();
  }
}

/** Where the system reports it; 0 elsewhere. */
function residentBytes(pid: number): number {
  try {
    const [, kib = "0"] = /^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kib) * 1_024;
  } catch {
    return 0;
  }
}

export type Nearest = {
  /** Of memory, asked by meaning alone. */
  readonly recall: number;
  readonly times: readonly number[];
  readonly peers: readonly (VectorPeer & { readonly recall: number })[];
};

/** The ten entities that are nearest in meaning, as memory and vector stores find them. */
export async function nearest(memory: Memory, count: number): Promise<Nearest> {
  const embedder = staticEmbedder();
  const { dims } = embedder;
  const vectors = new Float32Array(count * dims);
  for (let at = 0; at < count; at += EMBEDDED) {
    const embedded = await embedder.embed(range(at, Math.min(at + EMBEDDED, count)).map(passageOf));
    for (const [more, vector] of embedded.entries()) vectors.set(vector, (at + more) * dims);
  }
  const questions = range(0, ASKED).map((at) => questionOf(at, 10));
  const asked = await embedder.embed(questions);
  await embedder.close();
  const truth = asked.map((query) => exactly(vectors, query));
  const found: (readonly number[])[] = [];
  const times = await timed(ASKED, async (at) => {
    const { hits } = await memory.search({
      scopes: [SCOPE],
      text: questions[at] ?? "",
      mode: "semantic",
      limit: 10,
      similarityMin: 0,
      recencyBoost: 1,
    });
    found.push(hits.map(({ entity }) => Number(entity.name.replace("entity ", ""))));
  });
  const queries = new Float32Array(asked.length * dims);
  for (const [at, query] of asked.entries()) queries.set(query, at * dims);
  const peers = vectorPeers(vectors, queries, dims);
  return {
    recall: recallOf(found, truth),
    times,
    peers: peers.map((peer) => ({ ...peer, recall: recallOf(peer.filled.found, truth) })),
  };
}
