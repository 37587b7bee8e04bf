import type { Entity, Memory, Relation, ScopeKey } from "../memory/index.ts";
import { DOCUMENT_VERSION, entityOut, relationOut } from "./document.ts";

const PAGE = 1_000;

const line = (value: object): string => `${JSON.stringify(value)}\n`;

/** The first line of an archive, so that it can be imported. */
export const archiveHead = (): string => line({ type: "caxton-memory", version: DOCUMENT_VERSION });

/** How much an archive has. */
export type ArchiveCounts = { readonly entities: number; readonly relations: number };

/** Its last line, so that an import knows that nothing is missing. */
export const archiveEnd = ({ entities, relations }: ArchiveCounts): string =>
  line({ type: "end", entities, relations });

/** Entities of a scope as lines of an export, with their history, and the relations that begin or end at them. */
export async function archiveText(
  memory: Memory,
  scope: ScopeKey,
  entities: readonly Entity[],
): Promise<ArchiveCounts & { readonly text: string }> {
  const { store } = memory;
  const lines: string[] = [];
  for (const entity of entities) {
    const history = await store.history(entity.id);
    lines.push(line({ type: "entity", entity: entityOut(entity, { history }) }));
  }
  const relations: Relation[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.relations(
      { scopes: [scope], entities: entities.map(({ id }) => id) },
      { limit: PAGE, cursor },
    );
    relations.push(...page.entries);
    cursor = page.next;
  } while (cursor !== undefined);
  const ends = [...new Set(relations.flatMap(({ from, to }) => [from, to]))];
  const names = new Map((await store.get(ends)).flatMap((one) => (one ? [[one.id, one.name] as const] : [])));
  for (const relation of relations) {
    const [from, to] = [names.get(relation.from), names.get(relation.to)];
    if (from !== undefined && to !== undefined)
      lines.push(line({ type: "relation", relation: relationOut(relation, { from, to }) }));
  }
  return { text: lines.join(""), entities: entities.length, relations: lines.length - entities.length };
}
