import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { ToolServerCandidate, ToolServerStore } from "../../src/tools/servers/index.ts";

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A revision to be added; its module is its `content`. */
export function toolServerCandidate(
  name: string,
  content = "one",
  over: Partial<ToolServerCandidate> = {},
): ToolServerCandidate {
  return {
    workspace: "default",
    name,
    version: "1.2.3",
    origin: "uploaded",
    interface: "wasi-stdio",
    moduleHash: hashOf(content),
    moduleBytes: content.length,
    manifest: `name = "${name}"`,
    manifestHash: hashOf(name),
    signature: null,
    tools: [
      {
        name: "count",
        title: "Count",
        description: "Counts.",
        inputSchema: { type: "object", properties: { text: { type: "string" } } },
        outputSchema: null,
        effects: { readOnly: true, idempotent: false },
      },
    ],
    deployedAtMs: 1_000,
    ...over,
  };
}

type Opened = AsyncDisposable & { readonly store: ToolServerStore };
type Within = (use: (store: ToolServerStore) => Promise<void>) => Promise<void>;

/** What every ToolServerStore does. `open` gives a fresh, empty one. */
export function toolServerStoreContract(open: () => Promise<Opened>): void {
  const within: Within = async (use) => {
    await using opened = await open();
    await use(opened.store);
  };
  revisionContract(within);
  headContract(within);
  moduleContract(within);
}

function revisionContract(within: Within): void {
  test("a revision is returned as it was added, whatever the letter case of its name", () =>
    within(async (store) => {
      const candidate = toolServerCandidate("probe", "one", { signature: "caxton-signature-1\n…" });
      expect(await store.add(candidate, "serving")).toEqual({ ...candidate, revision: 1 });
      expect(await store.revision("default", "PROBE", 1)).toEqual({ ...candidate, revision: 1 });
      expect(await store.revision("default", "probe", 2)).toBeUndefined();
      expect(await store.revision("other", "probe", 1)).toBeUndefined();
    }));

  test("revisions are listed newest first and paged", () =>
    within(async (store) => {
      for (const content of ["one", "two", "three"]) await store.add(toolServerCandidate("probe", content), "serving");
      const first = await store.revisions("default", "probe", { limit: 2 });
      expect(first.items.map(({ revision }) => revision)).toEqual([3, 2]);
      const second = await store.revisions("default", "probe", { limit: 2, cursor: first.next });
      expect(second.items.map(({ revision }) => revision)).toEqual([1]);
      expect(second.next).toBeUndefined();
      expect(await store.revisions("default", "nonexistent", { limit: 2 })).toEqual({ items: [], next: undefined });
    }));

  test("pruning keeps the newest, and whatever serves or waits", () =>
    within(async (store) => {
      for (const content of ["1", "2", "3", "4", "5"])
        await store.add(toolServerCandidate("probe", content), "serving");
      await store.serve("default", "probe", 1);
      await store.add(toolServerCandidate("probe", "6"), "pending");
      await store.prune("default", "probe", 2);
      const { items } = await store.revisions("default", "probe", { limit: 10 });
      expect(items.map(({ revision }) => revision)).toEqual([6, 5, 1]);
      expect(await store.add(toolServerCandidate("probe", "7"), "serving")).toMatchObject({ revision: 7 });
    }));
}

function headContract(within: Within): void {
  test("the head contains the serving, the pending and the paused revision", () =>
    within(async (store) => {
      expect(await store.head("default", "probe")).toBeUndefined();
      await store.add(toolServerCandidate("probe"), "serving");
      const head = { workspace: "default", name: "probe", origin: "uploaded", paused: undefined };
      expect(await store.head("default", "probe")).toEqual({ ...head, serving: 1, pending: undefined, latest: 1 });
      await store.add(toolServerCandidate("probe", "two"), "pending");
      expect(await store.head("default", "Probe")).toEqual({ ...head, serving: 1, pending: 2, latest: 2 });
      await store.add(toolServerCandidate("probe", "three"), "pending");
      expect(await store.head("default", "probe")).toMatchObject({ serving: 1, pending: 3 });
      expect(await store.serve("default", "probe", 2)).toBe(true);
      expect(await store.head("default", "probe")).toMatchObject({ serving: 2, pending: 3 });
      expect(await store.serve("default", "probe", 3)).toBe(true);
      expect(await store.head("default", "probe")).toMatchObject({ serving: 3, pending: undefined });
      expect(await store.serve("default", "probe", 9)).toBe(false);
      expect(await store.serve("default", "nonexistent", 1)).toBe(false);
      await store.pause("default", "probe", "tea");
      await store.add(toolServerCandidate("probe", "four"), "serving");
      expect(await store.head("default", "probe")).toMatchObject({ serving: 4, paused: "tea" });
      await store.pause("default", "probe", undefined);
      expect(await store.head("default", "probe")).toMatchObject({ paused: undefined });
    }));

  test("a pending revision can be withdrawn and made pending again; the serving one continues, and the history keeps both", () =>
    within(async (store) => {
      await store.add(toolServerCandidate("probe"), "serving");
      await store.add(toolServerCandidate("probe", "two"), "pending");
      await store.setPending("default", "PROBE", undefined);
      await store.setPending("default", "nonexistent", undefined);
      expect(await store.head("default", "probe")).toMatchObject({ serving: 1, pending: undefined, latest: 2 });
      expect(await store.revision("default", "probe", 2)).toMatchObject({ revision: 2 });
      await store.setPending("default", "probe", 2);
      expect(await store.head("default", "probe")).toMatchObject({ serving: 1, pending: 2, latest: 2 });
    }));

  test("a deleted server is gone, and its name continues the revision numbers", () =>
    within(async (store) => {
      await store.add(toolServerCandidate("probe"), "serving");
      await store.pause("default", "probe", "tea");
      expect(await store.delete("default", "PROBE")).toBe(true);
      expect(await store.delete("default", "probe")).toBe(false);
      expect(await store.heads("default")).toEqual([]);
      expect(await store.serve("default", "probe", 1)).toBe(false);
      expect(await store.revision("default", "probe", 1)).toMatchObject({ revision: 1 });
      await store.add(toolServerCandidate("Probe", "two", { origin: "directory" }), "serving");
      expect(await store.heads("default")).toEqual([
        {
          workspace: "default",
          name: "Probe",
          origin: "directory",
          serving: 2,
          pending: undefined,
          latest: 2,
          paused: undefined,
        },
      ]);
    }));

  test("servers are listed by name, isolated by workspace", () =>
    within(async (store) => {
      for (const name of ["bravo", "Alpha", "charlie"]) await store.add(toolServerCandidate(name), "serving");
      await store.add(toolServerCandidate("zulu", "one", { workspace: "other" }), "serving");
      expect((await store.heads("default")).map(({ name }) => name)).toEqual(["Alpha", "bravo", "charlie"]);
      expect((await store.heads("other")).map(({ name }) => name)).toEqual(["zulu"]);
    }));
}

function moduleContract(within: Within): void {
  test("a module is read by its hash, and one that was never saved is missing", () =>
    within(async (store) => {
      const hash = await store.saveModule(Buffer.from("one"));
      expect(hash).toBe(hashOf("one"));
      expect(Buffer.from(await store.readModule(hash)).toString()).toBe("one");
      await expect(store.readModule(hashOf("two"))).rejects.toMatchObject({ code: "TOOL_MODULE_DAMAGED" });
    }));

  test("modules go with the last revision that names them", () =>
    within(async (store) => {
      for (const content of ["shared", "shared", "own"]) {
        await store.saveModule(Buffer.from(content));
        await store.add(toolServerCandidate("probe", content), "serving");
      }
      await store.saveModule(Buffer.from("shared"));
      await store.add(toolServerCandidate("other", "shared"), "serving");
      await store.prune("default", "probe", 1);
      expect(Buffer.from(await store.readModule(hashOf("own"))).toString()).toBe("own");
      expect(Buffer.from(await store.readModule(hashOf("shared"))).toString()).toBe("shared");
      await store.add(toolServerCandidate("other", "own"), "serving");
      await store.prune("default", "other", 1);
      await expect(store.readModule(hashOf("shared"))).rejects.toMatchObject({ code: "TOOL_MODULE_DAMAGED" });
    }));
}
