import { type Json, type JsonObject, JSON_DEPTH_MAX, isJsonObject } from "./json.ts";

/** Control characters except tab and line feed, marks that turn text around, and characters one does not see. */
const HIDDEN =
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e01ef}]/gu;

/** Text from a tool server, without what hides in it, at most `max` characters; what is cut is said to be. */
export function cleanText(text: string, max: number): string {
  const clean = text.replaceAll("\r\n", "\n").replaceAll(HIDDEN, "");
  if (clean.length <= max) return clean;
  const suffix = " (cut)";
  return `${clean.slice(0, Math.max(0, max - suffix.length)).toWellFormed()}${suffix}`.slice(0, max);
}

/** As `cleanText`, on one line. */
export const cleanLine = (text: string, max: number): string => cleanText(text.replaceAll(/\s+/g, " ").trim(), max);

const SCHEMA_TEXT_MAX = 2_000;
const WORDS_OF_SCHEMAS = new Set(["description", "title", "$comment"]);

/** A schema whose descriptions and titles are cleaned; the rest says what the tool takes and stays as it is. */
export function cleanSchema(schema: JsonObject, textMax: number = SCHEMA_TEXT_MAX): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (typeof value === "string" && WORDS_OF_SCHEMAS.has(key)) return [key, cleanText(value, textMax)];
      return [key, cleanValue(value, textMax)];
    }),
  );
}

function cleanValue(value: Json, textMax: number): Json {
  if (Array.isArray(value)) return value.map((each) => cleanValue(each, textMax));
  return isJsonObject(value) ? cleanSchema(value, textMax) : value;
}

/** Whether a value nests past `max` levels; no recursion, so that depth cannot break it. */
export function isDeeperThan(value: unknown, max: number = JSON_DEPTH_MAX): boolean {
  let level: unknown[] = [value].filter(isContainer);
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth >= max) return true;
    level = level.flatMap((each) =>
      typeof each === "object" && each !== null ? Object.values(each).filter(isContainer) : [],
    );
  }
  return false;
}

const isContainer = (value: unknown): boolean => typeof value === "object" && value !== null;
