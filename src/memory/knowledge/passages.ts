import type { Entity } from "./entity.ts";

/** A passage holds about so much text; what static and small models still tell apart. */
const PASSAGE_CHARS = 480;
/** Said of a name, before what is said of it, so that each passage is found by whom it is about. */
const heading = ({ name, type }: Pick<Entity, "name" | "type">): string => `${name} (${type})`;

/**
 * The texts by which an entity is found: its name and type, then as many observations as fit, again and again. An
 * observation that is longer stands in one of its own. Observations that come later change the last passage only.
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
