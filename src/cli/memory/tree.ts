import type { MemoryEntity, MemoryGraph, MemoryRelation } from "../../api/contract/index.ts";
import { oneLine, type Style } from "../terminal/index.ts";

type Branch = { readonly entity: MemoryEntity; readonly relation: MemoryRelation };

/**
 * A graph as a tree of text, one entity a line, each below the one by which it was reached; relations that are no branch of it
 * stand below. Ids of relations end the lines, for `unrelate`.
 */
export function treeText(root: MemoryEntity, { entities, relations }: MemoryGraph, style: Style): string {
  const relationOf = new Map(relations.map((relation) => [relation.id, relation]));
  const branches = new Map<string, Branch[]>();
  const used = new Set<string>();
  for (const { entity, via } of entities) {
    const relation = via === null ? undefined : relationOf.get(via);
    if (!relation || entity.id === root.id) continue;
    used.add(relation.id);
    const parent = relation.from === entity.id ? relation.to : relation.from;
    branches.set(parent, [...(branches.get(parent) ?? []), { entity, relation }]);
  }
  const below = (id: string, margin: string): string[] => {
    const children = branches.get(id) ?? [];
    return children.flatMap(({ entity, relation }, index) => {
      const isLast = index === children.length - 1;
      const arrow = relation.bidirectional ? "↔" : relation.to === entity.id ? "→" : "←";
      return [
        `${margin}${isLast ? "└─" : "├─"} ${oneLine(relation.type)} ${arrow} ${titleOf(entity, style)}  ${style("dim", relation.id)}`,
        ...below(entity.id, `${margin}${isLast ? "  " : "│ "} `),
      ];
    });
  };
  const nameOf = new Map(entities.map(({ entity }) => [entity.id, entity.name]));
  const others = relations
    .filter(({ id }) => !used.has(id))
    .map(
      ({ id, from, to, type, bidirectional }) =>
        `  ${oneLine(nameOf.get(from) ?? from)} ${oneLine(type)} ${bidirectional ? "↔" : "→"} ${oneLine(nameOf.get(to) ?? to)}  ${style("dim", id)}`,
    );
  const lines = [titleOf(root, style), ...below(root.id, ""), ...(others.length === 0 ? [] : ["also:", ...others])];
  return `${lines.join("\n")}\n`;
}

const titleOf = ({ name, type }: MemoryEntity, style: Style): string =>
  `${style("bold", oneLine(name))} (${oneLine(type)})`;
