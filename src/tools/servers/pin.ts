import { createHash } from "node:crypto";
import * as z from "zod";
import { canonicalJson, JsonObject } from "../../kernel/json.ts";
import type { ToolManifest } from "../catalogue/index.ts";
import type { Tool } from "../catalogue/index.ts";

/** A tool as it was when its server was deployed or attached: all that a model gets of it. */
export const PinnedTool = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  inputSchema: JsonObject,
  outputSchema: JsonObject.nullable(),
  effects: z.object({ readOnly: z.boolean(), idempotent: z.boolean(), destructive: z.boolean().optional() }),
});
export type PinnedTool = Readonly<z.infer<typeof PinnedTool>>;

/** All that is held against a later version of a tool server. A remote server has no manifest. */
export type ToolServerPin = {
  readonly version: string;
  readonly interface: string;
  readonly moduleHash: string;
  /** Id of the key that signed it; null when none did. */
  readonly keyId: string | null;
  readonly tools: readonly PinnedTool[];
  /** What it may touch and use, with the operator's configuration over it. */
  readonly manifest: Pick<ToolManifest, "grants" | "limits" | "instance"> | undefined;
};

export const pinTools = (tools: readonly Tool[]): readonly PinnedTool[] =>
  tools.map(({ name, title, description, inputSchema, outputSchema, effects }) => ({
    name,
    title,
    description,
    inputSchema,
    outputSchema: outputSchema ?? null,
    effects,
  }));

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** sha256 of one tool's description, schemas and effects, hexadecimal; the order of keys does not count. */
export const toolHash = (tool: PinnedTool): string => sha256(canonicalJson({ ...tool, effects: effectsOf(tool) }));

/** What is not said is left out, so that tools keep the hash they had before there was something more to say. */
const effectsOf = ({ effects: { readOnly, idempotent, destructive } }: PinnedTool): JsonObject => ({
  readOnly,
  idempotent,
  ...(destructive === true && { destructive }),
});

/** sha256 of a list of tools, hexadecimal; neither their order nor that of keys counts. */
export const toolListHash = (tools: readonly PinnedTool[]): string =>
  sha256(canonicalJson(tools.map((tool) => [tool.name, toolHash(tool)]).toSorted(byName)));

const byName = ([one = ""]: readonly string[], [other = ""]: readonly string[]): number =>
  one < other ? -1 : one > other ? 1 : 0;
