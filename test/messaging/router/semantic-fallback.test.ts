import { afterAll, describe, expect, test } from "vitest";
import { openEmbedder } from "../../../src/memory/embeddings/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { MessagesTable } from "../../../src/server/config/messages-config.ts";
import {
  composeMessage,
  type Message,
  MessageLines,
  readMessage,
  restoreMessage,
} from "../../../src/messaging/acl/index.ts";
import { CapabilityEmbeddings, type Submitted, type TextVectors } from "../../../src/messaging/router/index.ts";
import { note, openWorld, TestDirectory, until } from "./world.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("message.semantic-fallback");

const embedder = openEmbedder({ type: "static" }, systemClock);
afterAll(() => embedder.close());

/** As the journal gives it back. */
function kept(message: Message): Message {
  const lines = new MessageLines(1_024);
  lines.add(message);
  return restoreMessage(JSON.parse(Buffer.from(lines.bytes).toString("utf8")));
}

const ask = (capability: string, version?: string) =>
  note("?", {
    performative: "request",
    address: { type: "capability", capability, version, fallbackVersions: [], strategy: undefined },
  });

/** The table of words, and what it was asked for. */
class Counted implements TextVectors {
  readonly texts: string[] = [];
  embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]> {
    this.texts.push(...texts);
    return embedder.embed(texts, signal);
  }
}

const { semantic_min_similarity: USUAL } = MessagesTable.parse({});

async function worldOf(vectors: TextVectors, similarityMin = USUAL) {
  const directory = new TestDirectory("ann", "bob", "cid");
  directory.provide("bob", "data-analysis");
  directory.provide("cid", "text-translation");
  return openWorld({ directory, meaning: new CapabilityEmbeddings(vectors, { similarityMin }) });
}

const errorOf = (answer: Submitted) => (answer.type === "accepted" ? undefined : answer.error);

describe("a message to a capability without a provider", () => {
  test("goes to the nearest one in meaning; receipt and message say which, and how near", async () => {
    const { router, agent } = await worldOf(new Counted());
    const answer = await router.submit(ask("analyze-data"));
    expect(answer).toMatchObject({
      type: "accepted",
      recipients: ["bob"],
      nearest: { capability: "data-analysis", similarity: expect.closeTo(0.92, 1) },
    });
    await until(() => agent.got.length === 1);
    const [message] = agent.got.map((delivered) => delivered.message);
    expect(message?.address).toMatchObject({ capability: "analyze-data", nearest: { capability: "data-analysis" } });
    expect(message && kept(message)).toEqual(message);
  });

  // addressing.A4
  test("goes there whatever version it asks for: versions are of the other capability", async () => {
    const { router } = await worldOf(new Counted());
    expect(await router.submit(ask("translate-german", "7.0.0"))).toMatchObject({ recipients: ["cid"] });
  });

  test("is answered when nothing is near enough, with what is nearest", async () => {
    const { router } = await worldOf(new Counted());
    const error = errorOf(await router.submit(ask("write-reports")));
    expect(error?.code).toBe("NO_CAPABILITY_PROVIDERS");
    expect(error?.hint).toContain("data-analysis (0.3");
    expect(error?.details["similar"]).toEqual([{ capability: "data-analysis", similarity: expect.any(Number) }]);
  });

  test("is not for its own sender, nor for one who takes nothing now", async () => {
    const { router, directory } = await worldOf(new Counted());
    directory.provide("ann", "number-crunching");
    expect(errorOf(await router.submit(ask("crunching-numbers")))?.code).toBe("NO_CAPABILITY_PROVIDERS");
    router.pause("default", "bob", true);
    expect(errorOf(await router.submit(ask("analyze-data")))?.code).toBe("NO_CAPABILITY_PROVIDERS");
  });

  test("is found by a description as well", async () => {
    const { router, directory } = await worldOf(new Counted());
    directory.provide("cid", "ledger");
    directory.describe("ledger", "invoices and billing");
    expect(await router.submit(ask("invoice-billing"))).toMatchObject({ nearest: { capability: "ledger" } });
  });

  // addressing.capability-meaning.S3
  test("is answered as usual if embedding fails", async () => {
    const { router } = await worldOf({ embed: () => Promise.reject(new Error("no model")) });
    expect(errorOf(await router.submit(ask("analyze-data")))?.code).toBe("NO_CAPABILITY_PROVIDERS");
  });

  test("is answered before the router has closed", async () => {
    const { router } = await worldOf({ embed: (_texts, signal) => rejectedOn(signal) });
    const answer = router.submit(ask("analyze-data"));
    await router.close(0);
    expect(errorOf(await answer)?.code).toBe("NO_CAPABILITY_PROVIDERS");
  });
});

describe("with the built-in vectors and the default similarity", () => {
  const provided = [
    "data-analysis",
    "report-generation",
    "file-management",
    "greeting",
    "text-translation",
    "image-generation",
    "table-reading",
    "email-sending",
    "scheduling",
    "weather-forecast",
  ].map((capability) => ({ capability, descriptions: [] }));
  const nearest = async (asked: string) => {
    const meaning = new CapabilityEmbeddings(embedder, { similarityMin: USUAL });
    const { near } = await meaning.nearest(asked, provided);
    return near[0]?.capability;
  };

  test.for([
    ["analyse-data", "data-analysis"],
    ["data-analytics", "data-analysis"],
    ["statistics", "data-analysis"],
    ["manage-files", "file-management"],
    ["file-handling", "file-management"],
    ["say-hello", "greeting"],
    ["write-reports", "report-generation"],
    ["report-writing", "report-generation"],
    ["draw-images", "image-generation"],
    ["calendar", "scheduling"],
  ])("%s is %s in other words", async ([asked = "", meant]) => {
    expect(await nearest(asked)).toBe(meant);
  });

  test.for([
    "flying",
    "cooking",
    "legal-advice",
    "rocket-launch",
    "delete-database",
    "stock-trading",
    "password-reset",
    "video-editing",
    "speech-recognition",
    "deploy-server",
    "chess",
  ])("%s matches no capability", async (asked) => {
    expect(await nearest(asked)).toBeUndefined();
  });
});

describe("meanings", () => {
  // addressing.capability-meaning.S1, addressing.capability-meaning.S2
  test("are looked up once for each text, and never for provided capabilities", async () => {
    const vectors = new Counted();
    const { router } = await worldOf(vectors);
    await router.submit(ask("data-analysis"));
    await router.submit(ask("data-analysis", "9.0.0"));
    expect(vectors.texts).toEqual([]);
    await router.submit(ask("analyze-data"));
    await router.submit(ask("analyze-data"));
    await router.submit(ask("translate-german"));
    expect(vectors.texts).toEqual(["analyze data", "data analysis", "text translation", "translate german"]);
  });

  test("are not looked up at all where that is off", async () => {
    const { router } = await openWorld({ directory: new TestDirectory("ann", "bob") });
    expect(errorOf(await router.submit(ask("analyze-data")))?.code).toBe("NO_CAPABILITY_PROVIDERS");
  });
});

test("what a sender says about the nearest capability is not believed", () => {
  const wire = { performative: "request", sender: "ann", capability: "cooking", content: "?" };
  const said = { ...wire, nearest_capability: { capability: "payments", similarity: 1 } };
  const read = readMessage(said, { workspace: "default", nowMs: 1, contentBytesMax: 1_000 });
  expect(read.type === "message" && read.message.address).not.toHaveProperty("nearest");
  expect(composeMessage(ask("cooking")).address).not.toHaveProperty("nearest");
});

const rejectedOn = (signal: AbortSignal | undefined): Promise<never> => {
  const { promise, reject } = Promise.withResolvers<never>();
  signal?.addEventListener("abort", () => reject(new Error("stopped")));
  return promise;
};
