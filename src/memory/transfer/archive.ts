import type { EntityId } from "../../kernel/ids.ts";
import type { Entity, Memory, Relation, ScopeKey } from "../knowledge/index.ts";
import { DOCUMENT_VERSION, entityOut, relationOut } from "./document.ts";

const PAGE = 1_000;

const line = (value: object): string => `${JSON.stringify(value)}\n`;

/** The first line of an archive, which makes it importable. */
export const archiveHead = (): string => line({ type: "caxton-memory", version: DOCUMENT_VERSION });

/** Number of records in an archive. */
export type ArchiveCounts = { readonly entities: number; readonly relations: number };

/** The last line of an archive, by which an import detects truncation. */
export const archiveEnd = ({ entities, relations }: ArchiveCounts): string =>
  line({ type: "end", entities, relations });

type ArchiveText = ArchiveCounts & { readonly text: string };

/** Returns entities of a scope as lines of an export, with their history and the relations that begin or end at them. */
export async function archiveText(
  { store }: Memory,
  scope: ScopeKey,
  entities: readonly Entity[],
): Promise<ArchiveText> {
  const lines: string[] = [];
  for (const entity of entities) {
    const history = await store.history(entity.id);
    lines.push(line({ type: "entity", entity: entityOut(entity, { history }) }));
  }
  const found: Relation[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.relations(
      { scopes: [scope], entities: entities.map(({ id }) => id) },
      { limit: PAGE, cursor },
    );
    found.push(...page.entries);
    cursor = page.next;
  } while (cursor !== undefined);
  const { text, relations } = await archiveRelations({ store }, found);
  return { text: lines.join("") + text, entities: entities.length, relations };
}

/** Names of all ends of the relations. */
export async function endNames(
  { store }: Pick<Memory, "store">,
  relations: readonly Relation[],
): Promise<ReadonlyMap<EntityId, string>> {
  const ends = [...new Set(relations.flatMap(({ from, to }) => [from, to]))];
  return new Map((await store.get(ends)).flatMap((one) => (one ? [[one.id, one.name] as const] : [])));
}

/** Returns relations as lines of an export. */
export async function archiveRelations(
  { store }: Pick<Memory, "store">,
  relations: readonly Relation[],
): Promise<ArchiveText> {
  const names = await endNames({ store }, relations);
  const lines = relations.flatMap((relation) => {
    const [from, to] = [names.get(relation.from), names.get(relation.to)];
    if (from === undefined || to === undefined) return [];
    return [line({ type: "relation", relation: relationOut(relation, { from, to }) })];
  });
  return { text: lines.join(""), entities: 0, relations: lines.length };
}
