import { isJsonObject, type Json } from "../../../kernel/json.ts";
import { PromptRenderError } from "../errors.ts";
import { liquidTemplate } from "./liquid.ts";
import { bounded, showValue } from "./template-value.ts";
import type { ParsedTemplate, Template, Usage, Values } from "./template-types.ts";

const OUTPUT = /\{\{\s*([A-Za-z_][\w-]*)((?:\.[A-Za-z_][\w-]*)*)\s*\}\}/y;

/**
 * Reads a template. One that only names variables is filled in here, by joining text; anything else is LiquidJS with a
 * short list of tags and filters. Values are never read as templates.
 */
export function parseTemplate(source: string): ParsedTemplate {
  const plain = plainTemplate(source);
  return plain === undefined ? liquidTemplate(source) : { type: "template", template: plain };
}

type Piece = Usage & { readonly rest: readonly string[] };

/** A template of text and `{{name}}` alone; undefined when there is more to it. */
function plainTemplate(source: string): Template | undefined {
  if (source.includes("{%")) return undefined;
  const texts: string[] = [];
  const pieces: Piece[] = [];
  let from = 0;
  for (let open = source.indexOf("{{"); open !== -1; open = source.indexOf("{{", from)) {
    OUTPUT.lastIndex = open;
    const [snippet, name = "", rest = ""] = OUTPUT.exec(source) ?? [];
    if (snippet === undefined) return undefined;
    // `size`, `first` and `last` are computed, not looked up.
    const parts = rest.split(".").slice(1);
    if (parts.some((part) => part === "size" || part === "first" || part === "last")) return undefined;
    texts.push(source.slice(from, open));
    pieces.push({ name, rest: parts, snippet, offset: open });
    from = open + snippet.length;
  }
  const tail = source.slice(from);
  return {
    usages: pieces,
    render: (values) => {
      let text = "";
      for (const [index, piece] of pieces.entries())
        text = bounded(text + texts[index] + showValue(look(piece, values)));
      return bounded(text + tail);
    },
  };
}

function look(piece: Piece, values: Values): Json {
  let value = values.get(piece.name);
  for (const part of piece.rest) {
    // What was not given is empty all the way down; what was given must have the part that is asked for.
    if (value === null) return null;
    value = isJsonObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }
  if (value === undefined) throw new PromptRenderError(`${piece.snippet} has no value`);
  return value;
}
