import type { Entity } from "../entity.ts";

/** Approximate characters of a passage; static and small models still distinguish texts of this length. */
const PASSAGE_CHARS = 480;
/** Heads each passage with name and type, so that every passage matches its entity. */
const heading = ({ name, type }: Pick<Entity, "name" | "type">): string => `${name} (${type})`;

/**
 * Divides an entity into passages: name and type, then as many observations as fit. A longer observation has a passage of its own. Later
 * observations change only the last passage.
 */
export const passagesOf = (
  entity: Pick<Entity, "name" | "type"> & { readonly observations: readonly { readonly text: string }[] },
): readonly string[] => {
  const head = heading(entity);
  const passages: string[] = [];
  let current = head;
  for (const { text } of entity.observations) {
    const line = `\n${text}`;
    if (current !== head && current.length + line.length > PASSAGE_CHARS) {
      passages.push(current);
      current = head;
    }
    current += line;
  }
  passages.push(current);
  return passages;
};
