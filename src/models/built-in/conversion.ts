import type { JsonObject } from "../../kernel/json.ts";
import type { Tool } from "./parameters.ts";

/** Whether a tool converts: its arguments fit only a request that names both ends. */
export const isConversion = ({ ownStems, parameters }: Tool): boolean =>
  ownStems.includes("convert") && ["from", "to"].every((end) => parameters.some(({ name }) => name === end));

/** The arguments of a conversion between units or, where the ends are whole numbers, between bases; undefined unless the text names them. */
export function conversionInput({ parameters }: Tool, text: string): JsonObject | undefined {
  const amount = parameters.find(({ name, required }) => required && name !== "from" && name !== "to");
  if (amount === undefined) return undefined;
  const isBase = parameters.some(({ name, types }) => name === "to" && types.includes("integer"));
  const found = isBase ? basesIn(text) : unitsIn(text);
  if (found === undefined) return undefined;
  const { value, from, to } = found;
  return { [amount.name]: value, ...(from === undefined ? {} : { from }), to };
}

const UNIT = String.raw`(?:degrees? )?([°\p{L}][\p{L}\d°²³/]*(?: per \p{L}+)?)`;
const AMOUNT = String.raw`(?<![\d.,/])(-?\d[\d,]*(?:\.\d+)?(?:\/\d+)?)`;
const AMOUNT_IN = new RegExp(String.raw`${AMOUNT}\s*${UNIT} (?:to|into|in|as) ${UNIT}\s*[?.!]*$`, "iu");
const HOW_MANY = new RegExp(
  String.raw`\bhow many ${UNIT} (?:is|are|make|in|are in|are there in) ${AMOUNT}\s*${UNIT}\s*[?.!]*$`,
  "iu",
);

function unitsIn(text: string) {
  const [line = ""] = text.trim().split("\n");
  const [, amount, from, to] = AMOUNT_IN.exec(line) ?? [];
  const [, target, number, source] = HOW_MANY.exec(line) ?? [];
  const value = (amount ?? number)?.replaceAll(",", "");
  const ends = [from ?? source, to ?? target] as const;
  const [start, end] = ends;
  if (value === undefined || start === undefined || end === undefined || ends.some((one) => BASE_NAME.test(one ?? "")))
    return undefined;
  return { value: value.includes("/") ? value : Number(value), from: start, to: end };
}

const BASE_NAMES: { readonly [name: string]: number | undefined } = {
  binary: 2,
  octal: 8,
  decimal: 10,
  hex: 16,
  hexadecimal: 16,
};
const BASE_NAME = /^(?:base|binary|octal|decimal|hex(?:adecimal)?)$/i;
const BASE = /(\b(?:to|into|in|as)\s+)?\b(?:base\s*(\d{1,2})|(binary|octal|decimal|hex(?:adecimal)?))\b/gi;

function basesIn(text: string) {
  const bases = Array.from(text.matchAll(BASE), ([, before, number, name = ""]) => ({
    isTarget: before !== undefined,
    base: number === undefined ? BASE_NAMES[name.toLowerCase()] : Number(number),
  }));
  const values = text.replaceAll(BASE, " ").match(/(?<![\w.-])-?[\da-z]*\d[\da-z]*(?![\w.])/gi) ?? [];
  const [value, ...others] = values;
  const [target, source] = [bases.at(-1), bases.at(-2)];
  if (value === undefined || others.length > 0 || bases.length > 2) return undefined;
  if (target?.isTarget !== true || target.base === undefined) return undefined;
  return { value, from: source?.base, to: target.base };
}
