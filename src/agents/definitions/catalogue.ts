import { nearest } from "../../text/documents/index.ts";
import { TemplateNotFoundError } from "./errors.ts";
import * as sources from "./templates/index.ts";

/** A definition to begin with. */
export type DefinitionTemplate = { readonly name: string; readonly description: string; readonly source: string };

const entry = (source: string): DefinitionTemplate => ({
  name: /^name = "(.+)"$/m.exec(source)?.[1] ?? "",
  description: /^description = "(.+)"$/m.exec(source)?.[1] ?? "",
  source,
});

/** Every template, by name. They are part of the program: no network, no files. */
export const TEMPLATES: readonly DefinitionTemplate[] = Object.values(sources)
  .map(entry)
  .toSorted((left, right) => (left.name < right.name ? -1 : 1));

/** A template by its name. Throws TemplateNotFoundError. */
export function findTemplate(name: string): DefinitionTemplate {
  const found = TEMPLATES.find((template) => template.name === name);
  if (found !== undefined) return found;
  const names = TEMPLATES.map((template) => template.name);
  throw new TemplateNotFoundError(name, names, nearest(name, names));
}
