/** Adds numbers for the fields that operations have gained: `npx node scripts/build-proto.ts`. Numbers in the file do not change. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Numbers } from "../src/api/grpc/numbers.ts";
import { GrpcSchema } from "../src/api/grpc/schema.ts";
import { OPERATIONS } from "../src/api/operations/index.ts";

const file = join(import.meta.dirname, "../src/api/grpc/numbers.json");
const before = Numbers.parse(JSON.parse(readFileSync(file, "utf8")));
const { numbers } = new GrpcSchema(
  OPERATIONS.map(({ operation }) => operation),
  before,
);
const sorted = <Value>(record: Readonly<Record<string, Value>>): readonly (readonly [string, Value])[] =>
  Object.entries(record).toSorted(([left], [right]) => (left < right ? -1 : 1));
const block = (entries: readonly string[], indent: string): string =>
  entries.length === 0 ? "{}" : `{\n${entries.map((each) => `${indent}  ${each}`).join(",\n")}\n${indent}}`;
const messages = sorted(numbers.messages).map(([name, fields]) => {
  const lines = Object.entries(fields).map(
    ([field, pair]) => `"${field}": [${pair.map((each) => JSON.stringify(each)).join(", ")}]`,
  );
  return `"${name}": ${block(lines, "    ")}`;
});
const methods = sorted(numbers.methods).map(([name, types]) => `"${name}": "${types}"`);
writeFileSync(file, `${block([`"messages": ${block(messages, "  ")}`, `"methods": ${block(methods, "  ")}`], "")}\n`);
