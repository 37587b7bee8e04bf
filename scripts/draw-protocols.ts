/**
 * Puts the protocols, as diagrams and tables, into docs/guides/conversations.md, from the tables that messages are checked
 * against. Run it after a change of src/messaging/protocols/tables.ts: `npx node scripts/draw-protocols.ts`. A test holds both equal.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Protocol, PROTOCOLS, type Step } from "../src/messaging/protocols/index.ts";

const BEGIN = "<!-- protocols: from the tables, by scripts/draw-protocols.ts -->";
const END = "<!-- end of protocols -->";

export const GUIDE = join(import.meta.dirname, "../docs/guides/conversations.md");

/** The guide with its protocols drawn again. */
export function drawn(guide: string): string {
  const [before = ""] = guide.split(BEGIN);
  const [, after = ""] = guide.split(END);
  return `${before}${BEGIN}\n\n${PROTOCOLS.map(section).join("\n")}\n${END}${after}`;
}

function section(protocol: Protocol): string {
  const { name, title, specification, purpose, aliases } = protocol;
  const also = aliases.length === 0 ? "" : ` Also called ${aliases.map((alias) => `\`${alias}\``).join(", ")}.`;
  return `### ${title}: \`${name}\`\n\n${purpose} ${/^[SX]C/u.test(specification) ? "FIPA " : ""}${specification}.${also}\n\n${diagram(protocol)}\n${table(protocol)}`;
}

function diagram({ states, steps }: Protocol): string {
  const lines = steps.map(
    ({ from, to, by, act }) => `  ${place(from)} --> ${to}: ${by === "deadline" ? "deadline" : `${by} ${act}`}`,
  );
  const ends = [...states.values()]
    .filter(({ name, ending }) => ending !== undefined && steps.some(({ to }) => to === name))
    .map(({ name }) => `  ${name} --> [*]`);
  return `\`\`\`mermaid\nstateDiagram-v2\n${[...lines, ...ends].join("\n")}\n\`\`\`\n`;
}

const place = (state: string) => (state === "start" ? "[*]" : state);

function table({ steps, states }: Protocol): string {
  const row = ({ from, by, act, to, means, isExtension }: Step) => {
    const end = states.get(to)?.ending === undefined ? "" : " (end)";
    return `| ${from} | ${by} | ${act === undefined ? "" : `\`${act}\``} | ${to}${end} | ${means}${isExtension ? "; beyond the specification" : ""} |`;
  };
  return `| state | who | act | then | what it means |\n|---|---|---|---|---|\n${steps.map(row).join("\n")}\n`;
}

if (import.meta.main) writeFileSync(GUIDE, drawn(readFileSync(GUIDE, "utf8")));
