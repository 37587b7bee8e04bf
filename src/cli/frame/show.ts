import { isJsonObject, Json as AnyJson, type Json } from "../../kernel/json.ts";
import { type Column, renderTable } from "../terminal/index.ts";
import type { Context } from "./context.ts";

export type Listing<Item> = {
  /** The document as the API sends it. */
  readonly raw: Json;
  readonly items: readonly Item[];
  readonly columns: readonly Column<Item>[];
  /** What `-o name` prints: what other commands take. */
  readonly name: (item: Item) => string;
  /** Said in place of a table without rows: what there is none of, and how to get some. */
  readonly empty: string;
  /** A line below the table, such as how many there are; empty for none. */
  readonly footer?: string;
};

/** Prints a list in the format asked for. */
export async function showList<Item>(context: Context, listing: Listing<Item>): Promise<void> {
  const { terminal, format } = context;
  switch (format) {
    case "json":
    case "yaml":
      return showDocument(context, listing.raw);
    case "jsonl":
      return terminal.write(
        rawItems(listing.raw)
          .map((item) => `${JSON.stringify(item)}\n`)
          .join(""),
      );
    case "name":
      return terminal.write(listing.items.map((item) => `${listing.name(item)}\n`).join(""));
    case "table":
    case "wide":
    case "text":
      if (listing.items.length === 0) return terminal.note(listing.empty);
      terminal.write(
        renderTable(listing.columns, listing.items, {
          widthMax: terminal.columns,
          wide: format === "wide",
          style: terminal.style,
        }),
      );
      if (listing.footer) terminal.note(terminal.noteStyle("dim", listing.footer));
  }
}

export type Single = {
  readonly raw: Json;
  readonly name: string;
  /** The thing as a person reads it, ending in a line feed; made only when wanted. */
  readonly human: () => string;
};

/** Prints one thing in the format asked for. */
export async function showOne(context: Context, single: Single): Promise<void> {
  const { terminal, format } = context;
  switch (format) {
    case "json":
    case "yaml":
      return showDocument(context, single.raw);
    case "jsonl":
      return terminal.write(`${JSON.stringify(single.raw)}\n`);
    case "name":
      return terminal.write(`${single.name}\n`);
    case "table":
    case "wide":
    case "text":
      return terminal.write(single.human());
  }
}

/**
 * Prints the results of several operations as they happen; as JSON and YAML in one array at the end, also when a later
 * one failed. `asOne`: exactly one was named, and its document is not in an array.
 */
export async function showEach(context: Context, singles: AsyncIterable<Single>, asOne: boolean): Promise<void> {
  const isDocument = context.format === "json" || context.format === "yaml";
  const done: Json[] = [];
  try {
    for await (const single of singles) {
      done.push(single.raw);
      if (!isDocument) await showOne(context, single);
    }
  } finally {
    if (isDocument) for (const document of asOne ? done : [done]) await showDocument(context, document);
  }
}

/** One document, as YAML when that was asked for, else as JSON. */
export async function showDocument(context: Context, document: Json): Promise<void> {
  if (context.format !== "yaml") return context.terminal.write(`${JSON.stringify(document, undefined, 2)}\n`);
  const { writeYaml } = await import("../../text/documents/index.ts");
  context.terminal.write(writeYaml(document));
}

/** A value of ours as the JSON it will be: members that are undefined are left out. */
export const toJson = (value: object): Json => AnyJson.parse(JSON.parse(JSON.stringify(value)));

const rawItems = (raw: Json): readonly Json[] => {
  const items = isJsonObject(raw) ? raw["items"] : undefined;
  return Array.isArray(items) ? items : [];
};

export const LIST_FORMATS = ["table", "wide", "json", "jsonl", "yaml", "name"] as const;
/** Of what is done to several things by their names. */
export const EACH_FORMATS = ["table", "json", "jsonl", "yaml", "name"] as const;
export const ONE_FORMATS = ["table", "json", "yaml", "name"] as const;
