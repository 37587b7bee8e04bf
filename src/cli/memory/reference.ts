import { InvalidArgumentError, Option } from "commander";
import * as z from "zod";
import { fillRoute, memory, type MemoryEntity, type MemoryHistory, ROUTES } from "../../api/contract/index.ts";
import { isJsonObject, type JsonObject, parseJson } from "../../kernel/json.ts";
import type { Answer, Client } from "../client/index.ts";
import { UsageError } from "../frame/index.ts";

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

/** `--scope` of what looks into several; given again and again it adds one. */
export const scopesOption = (
  description = `where to look: ${SCOPE_TEXT}; may be repeated; workspace and global unless given`,
): Option =>
  new Option("--scope <scope>", description).argParser((text: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    scopeIn(text),
  ]);

/** What `scopesOption` gives. */
export const Scopes = z.array(z.string()).default(["workspace", "global"]);

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
export function findEntity(client: Client, reference: string, scope = SCOPE): Promise<Answer<MemoryEntity>> {
  const schema = memory.Entity;
  return WHOLE_ID.test(reference)
    ? client.request({ path: fillRoute("memoryEntity", { id: reference.toLowerCase() }), schema })
    : client.request({ path: ROUTES.memoryEntityByName, query: { scope, name: reference }, schema });
}

/** All that was ever said of an entity. Throws ServerProblem (ENTITY_NOT_FOUND). */
export const historyOf = (client: Client, id: string): Promise<Answer<MemoryHistory>> =>
  client.request({ path: fillRoute("memoryEntityHistory", { id }), schema: memory.History });
