import { parseJson } from "../../kernel/json.ts";

/** Several values as one parameter of a query: with commas between, or as a JSON array where one has a comma itself. */
export const listed = (items: readonly string[]): string =>
  items.some((item) => /^[\s[]|,|\s$/.test(item)) ? JSON.stringify(items) : items.join(",");

/** What `listed` gives, or people write. */
export function listIn(text: string): string[] {
  const parsed = text.startsWith("[") ? parseJson(text) : undefined;
  const items = parsed?.type === "parsed" && Array.isArray(parsed.value) ? parsed.value : [];
  const texts = items.filter((item) => typeof item === "string");
  return texts.length > 0 && texts.length === items.length ? texts : text.split(",").map((item) => item.trim());
}
