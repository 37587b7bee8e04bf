import { type Command, InvalidArgumentError, Option } from "commander";
import * as z from "zod";
import { memory, type MemoryEntity, type MemoryHistory, operations } from "../../api/contract/index.ts";
import { isJsonObject, JsonObject, parseJson } from "../../kernel/json.ts";
import type { Answer, Client } from "../client/index.ts";
import { UsageError, wholeNumber } from "../frame/index.ts";

const WHOLE_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const SCOPE_TEXT = "workspace, global, agent-only:<agent> or conversation:<id>";

function scopeIn(text: string): string {
  const parsed = memory.MemoryScope.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`Expected ${SCOPE_TEXT}.`);
}

/** `--scope` of what lies in one scope. */
export const scopeOption = (description = `where it lies: ${SCOPE_TEXT}`): Option =>
  new Option("--scope <scope>", description).argParser(scopeIn);

/** Repeatable `--scope` of commands that read several scopes. */
export const scopesOption = (
  description = `where to look: ${SCOPE_TEXT}; may be repeated; workspace and global unless given`,
): Option =>
  new Option("--scope <scope>", description).argParser((text: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    scopeIn(text),
  ]);

/** What `scopesOption` gives. */
export const Scopes = z.array(z.string()).default(["workspace", "global"]);

/** Options that narrow what is read, the same wherever several entities are. */
export const withFilters = (command: Command): Command =>
  command
    .option("--type <type>", "only entities of one type")
    .option("--agent <agent>", "only entities with facts from this agent")
    .addOption(
      command
        .createOption("--metadata <key=value>", "only entities with this metadata; may be repeated")
        .argParser(pairIn),
    )
    .addOption(
      command.createOption("--min-confidence <share>", "minimum confidence of entities, 0 to 1").argParser(shareIn),
    )
    .addOption(
      command.createOption("--updated-from <time>", "only entities updated at this time or later").argParser(instantIn),
    )
    .addOption(
      command
        .createOption("--updated-to <time>", "only entities not updated after this time; a date means its start in UTC")
        .argParser(instantIn),
    )
    .addOption(tokensOption());

/** What `withFilters` gives. */
export const Filters = {
  type: z.string().optional(),
  agent: z.string().optional(),
  metadata: JsonObject.optional(),
  minConfidence: z.number().optional(),
  updatedFrom: z.string().optional(),
  updatedTo: z.string().optional(),
  maxTokens: z.number().optional(),
};

/** What lists and searches take of them in the same words; types and metadata they take in words of their own. */
export const narrowingOf = (filters: z.infer<z.ZodObject<typeof Filters>>) => ({
  agent: filters.agent,
  min_confidence: filters.minConfidence,
  updated_from: filters.updatedFrom,
  updated_to: filters.updatedTo,
  max_tokens: filters.maxTokens,
});

const FIRST_OF_ENTITIES = "about so many tokens of entities at most; the first is there, cut if it must be";

export const tokensOption = (description = FIRST_OF_ENTITIES): Option =>
  new Option("--max-tokens <n>", description).argParser((text) => wholeNumber(text, 1, Number.MAX_SAFE_INTEGER));

/** `--max-tokens` of what shows one entity. */
export const factTokensOption = (): Option => tokensOption("maximum tokens of its facts, approximately, newest first");

/** Said below facts of which `--max-tokens` left some out. */
export const OLDER_FACTS = "older facts are left out: a higher --max-tokens";

/** When it must hold. */
export const atOption = (standard: "now" | "any"): Option =>
  new Option("--at <time>", "facts valid at this time: now, any, a date or a timestamp")
    .argParser((text) => (text === "now" || text === "any" ? text : instantIn(text)))
    .default(standard);

/** `key=value`, together with those before; a value is JSON, such as 3 or true, else text. */
function pairIn(text: string, before: JsonObject | undefined): JsonObject {
  const at = text.indexOf("=");
  if (at < 1)
    throw new InvalidArgumentError('Expected key=value, such as team=billing; a number as text is level="3".');
  const value = text.slice(at + 1);
  const parsed = parseJson(value);
  return { ...before, [text.slice(0, at)]: parsed.type === "malformed" ? value : parsed.value };
}

/** The scope meant where none is given. */
export const SCOPE = "workspace";

const DAY = z.iso.date();
const INSTANT = z.iso.datetime({ offset: true });

/** A day, at its start in UTC, or an instant, as the API takes it. */
export function instantIn(text: string): string {
  if (DAY.safeParse(text).success) return `${text}T00:00:00Z`;
  if (INSTANT.safeParse(text).success) return new Date(text).toISOString();
  throw new InvalidArgumentError("Expected a day or an instant, such as 2026-11-30 or 2026-11-30T09:00:00Z.");
}

/** A number from 0 to 1. */
export function shareIn(text: string): number {
  const parsed = z.coerce.number().min(0).max(1).safeParse(text);
  if (parsed.success && text.trim() !== "") return parsed.data;
  throw new InvalidArgumentError("Expected a number from 0 to 1.");
}

/** What `--metadata` holds; undefined when it was not given. Throws UsageError. */
export function metadataIn(text: string | undefined, command: string): JsonObject | undefined {
  if (text === undefined) return undefined;
  const parsed = parseJson(text);
  if (parsed.type === "malformed") throw new UsageError(`--metadata is not JSON: ${parsed.reason}`, command);
  if (isJsonObject(parsed.value)) return parsed.value;
  throw new UsageError(`--metadata is not an object: write for example '{"team":"billing"}'`, command);
}

/** The entity of a name in a scope, or of a whole id, wherever it lies. Throws ServerProblem (ENTITY_NOT_FOUND). */
export function findEntity(
  client: Client,
  reference: string,
  scope = SCOPE,
  tokensMax?: number,
): Promise<Answer<MemoryEntity>> {
  const bounds = { max_tokens: tokensMax };
  return WHOLE_ID.test(reference)
    ? client.call(operations.memory.get, { id: reference.toLowerCase(), ...bounds })
    : client.call(operations.memory.find, { scope, name: reference, ...bounds });
}

const PAGE_SIZE_MAX = 200;

/** The newest changes of an entity, `countMax` at most, with what they did; with a bound of tokens, one page. Throws ServerProblem (ENTITY_NOT_FOUND). */
export async function historyOf(
  client: Client,
  id: string,
  countMax: number,
  tokensMax?: number,
): Promise<MemoryHistory> {
  const read = async (count: number, cursor?: string) => {
    const page = { limit: Math.min(PAGE_SIZE_MAX, count), max_tokens: tokensMax, cursor };
    return (await client.call(operations.memory.history, { id, ...page })).value;
  };
  let history = await read(countMax);
  if (tokensMax !== undefined) return history;
  while (history.next !== null && history.changes.length < countMax) {
    const page = await read(countMax - history.changes.length, history.next);
    const known = new Set(history.observations.map((one) => one.id));
    history = {
      ...page,
      changes: [...history.changes, ...page.changes],
      // A later page may retract entries of an earlier one.
      observations: [...history.observations, ...page.observations.filter((one) => !known.has(one.id))],
    };
  }
  return history;
}
