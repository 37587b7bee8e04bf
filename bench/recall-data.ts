// Facts of people, projects and things, and questions that mostly do not repeat their words.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PACKAGE_DIRECTORY } from "../src/kernel/package.ts";
import type { EntityInput, Memory, Provenance, ScopeKey } from "../src/memory/knowledge/index.ts";
import { recallFor } from "../src/runs/remembering/index.ts";
import { SqliteMemoryStore } from "../src/memory/stores/sqlite/index.ts";
import { memoryOver, SCOPE } from "./memory-data.ts";

/** A question, the one fact that answers it, and the entity that has the fact. */
export type Question = { readonly text: string; readonly fact: string; readonly entity: string };
type Known = { readonly name: string; readonly type: string; readonly facts: readonly string[] };

const DIRECTORY = join(PACKAGE_DIRECTORY, "bench", "recall-facts");
const linesOf = (file: string): readonly string[] => readFileSync(join(DIRECTORY, file), "utf8").trim().split("\n");

/** Facts of each of the eight, questions' and remarks'; and entities with one fact. */
const FACTS = 100;
const SINGLES = 300;
/** Facts that one agent says at a time. */
const SAID_AT_ONCE = 5;
const AGENTS = ["concierge", "scribe", "dispatcher", "nurse"];

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");
/** In an order that follows from the texts, but from nothing that they say. */
const shuffled = (texts: readonly string[]): readonly string[] =>
  texts.toSorted((one, other) => (hashOf(one) < hashOf(other) ? -1 : 1));

/** All remarks that the hand-written pieces of a kind make. */
function remarksOf(kind: "person" | "other" | "single"): readonly { readonly who: string; readonly text: string }[] {
  const lines = linesOf("remarks.txt");
  const from = lines.indexOf(`# ${kind}`);
  const piecesOf = (key: string) =>
    lines
      .slice(from + 1, from + 4)
      .find((line) => line.startsWith(`${key}: `))
      ?.slice(key.length + 2)
      .split("|") ?? [];
  const whens = kind === "single" ? [""] : piecesOf("when");
  return piecesOf("what").flatMap((what) =>
    piecesOf("who").flatMap((who) =>
      whens.map((when) => ({ who, text: `${what.replace("{who}", who)} ${when}`.trim() })),
    ),
  );
}

function read(): { readonly known: readonly Known[]; readonly questions: readonly Question[] } {
  const questions: Question[] = [];
  const heads: { readonly name: string; readonly type: string }[] = [];
  for (const line of ["people.txt", "things.txt"].flatMap(linesOf)) {
    const head = /^# (.+) \((\w+)\)$/u.exec(line);
    const [fact = "", question] = line.split(" | ");
    if (head) heads.push({ name: head[1] ?? "", type: head[2] ?? "" });
    else if (question !== undefined) questions.push({ text: question, fact, entity: heads.at(-1)?.name ?? "" });
  }
  const known = heads.map(({ name, type }): Known => {
    const own = questions.filter(({ entity }) => entity === name).map(({ fact }) => fact);
    const [first = name] = name.split(" ");
    const remarks = remarksOf(type === "person" ? "person" : "other").map(({ text }) =>
      type === "person" ? `${first} ${text}.` : `${text.charAt(0).toUpperCase()}${text.slice(1)} (${name}).`,
    );
    const others = shuffled(remarks.map((text) => `${name} ${text}`)).map((text) => text.slice(name.length + 1));
    return { name, type, facts: shuffled([...own, ...others.slice(0, FACTS - own.length)]) };
  });
  return { known, questions };
}

const ALL = read();

const mixed = ALL.questions.toSorted((one, other) => (hashOf(one.text) < hashOf(other.text) ? -1 : 1));
const half = Math.ceil(mixed.length / 2);
/** What is tuned on one half is reported on the other. */
export const TUNING = mixed.slice(0, half);
export const HELD_OUT = mixed.slice(half);

const by = (at: number): Provenance => ({ source: "run", sourceId: undefined, agent: AGENTS[at % AGENTS.length] });

async function rememberFacts(memory: Memory, scope: ScopeKey, isSplit: boolean): Promise<void> {
  const singles = remarksOf("single")
    .slice(0, SINGLES)
    .map(({ who, text }, at): EntityInput => ({ name: `${who} ${at}`, type: "customer", observations: [{ text }] }));
  for (let at = 0; at < singles.length; at += 100)
    await memory.changes.remember(scope, singles.slice(at, at + 100), by(0));
  for (const { name, type, facts } of ALL.known) {
    for (let at = 0; at < facts.length; at += SAID_AT_ONCE) {
      const said = facts.slice(at, at + SAID_AT_ONCE).map((text) => ({ text }));
      const inputs = isSplit
        ? said.map((one, more) => ({ name: `${name} ${at + more}`, type, observations: [one] }))
        : [{ name, type, observations: said }];
      await memory.changes.remember(scope, inputs, by(at / SAID_AT_ONCE));
    }
  }
}

/** The facts in a memory of their own; `isSplit`: an entity for each fact. */
export async function withFacts(isSplit: boolean, work: (memory: Memory) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "caxton-recall-"));
  try {
    await using memory = memoryOver(new SqliteMemoryStore({ directory, synchronous: "normal" }));
    await memory.open();
    await rememberFacts(memory, SCOPE, isSplit);
    await work(memory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The share of questions whose fact is in what a run is given of memory. */
export async function recalledShare(memory: Memory, questions: readonly Question[]): Promise<number> {
  let recalled = 0;
  for (const { text: input, fact } of questions) {
    const { text } = await recallFor(memory, {
      workspace: "bench",
      agent: "bench",
      conversationId: undefined,
      input,
      memory: { scope: "workspace", limit: 5, isSemantic: true },
    });
    if (text.includes(fact)) recalled += 1;
  }
  return recalled / questions.length;
}
