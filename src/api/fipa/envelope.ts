import { aclTime, type AgentIdentifier, agentIdentifier } from "../../messaging/acl/index.ts";
import { FipaContentError } from "./errors.ts";

/** What the transport reads of an envelope (SC00085). */
export type Envelope = {
  readonly to: readonly AgentIdentifier[];
  readonly from: AgentIdentifier | undefined;
  /** Whom this copy is for; all of `to` when it does not say. */
  readonly receivers: readonly AgentIdentifier[];
  readonly representation: string;
  readonly encoding: string | undefined;
};

type Element = { readonly name: string; readonly children: Element[]; text: string };

const DEPTH_MAX = 16;
const ELEMENTS_MAX = 2_000;
const CHARS_MAX = 262_144;
const PIECE =
  /<\/([\w.-]+)\s*>|<([\w.-]+)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|<!--[^]*?-->|<\?[^]*?\?>|([^<]+)/y;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replaceAll(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi,
    (whole, decimal?: string, hex?: string, name?: string) => {
      const point = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
      if (name === undefined) return point <= 0x10ffff ? String.fromCodePoint(point) : "\u{fffd}";
      return ENTITIES[name.toLowerCase()] ?? whole;
    },
  );
}

/** A document of elements and text. No document type, so no entities of its own: that is refused, and so is what is too large. */
function readXml(text: string): Element {
  if (text.length > CHARS_MAX) throw new FipaContentError(`the envelope has more than ${CHARS_MAX} characters`);
  const root: Element = { name: "", children: [], text: "" };
  const open: Element[] = [root];
  let count = 0;
  PIECE.lastIndex = 0;
  for (let found = PIECE.exec(text); found !== null; found = PIECE.exec(text)) {
    const [, end, start, , closed, words] = found;
    const inner = open.at(-1) ?? root;
    if (words !== undefined) inner.text += unescaped(words);
    if (end !== undefined && (open.length === 1 || open.pop()?.name !== end)) break;
    if (start === undefined) continue;
    count += 1;
    if (count > ELEMENTS_MAX || open.length > DEPTH_MAX)
      throw new FipaContentError("the envelope has too many elements");
    const element: Element = { name: start, children: [], text: "" };
    inner.children.push(element);
    if (closed !== "/") open.push(element);
    if (PIECE.lastIndex === text.length) break;
  }
  const [only] = root.children;
  if (open.length !== 1 || only === undefined || !isDone(text))
    throw new FipaContentError("the envelope is no XML that is taken here");
  return only;
}

// The pattern's lastIndex is 0 after an unknown piece, such as <!DOCTYPE.
const isDone = (text: string): boolean =>
  PIECE.lastIndex === 0 || PIECE.lastIndex === text.length ? !/<!(?!--)/.test(text) : false;

const child = (element: Element, name: string): Element | undefined =>
  element.children.find((each) => each.name === name);
const textIn = (element: Element, name: string): string | undefined => {
  const text = child(element, name)?.text.trim();
  return text === "" ? undefined : text;
};

function agentOf(element: Element): AgentIdentifier | undefined {
  const name = textIn(element, "name");
  const addresses = child(element, "addresses")?.children.map(({ text }) => text.trim()) ?? [];
  return name === undefined ? undefined : agentIdentifier(name, addresses);
}

const agentsIn = (params: readonly Element[], name: string): readonly AgentIdentifier[] =>
  params
    .flatMap((param) => param.children.filter((each) => each.name === name))
    .flatMap((each) => each.children)
    .flatMap((each) => agentOf(each) ?? []);

/** Reads the envelope of a message; of what was stamped more than once the last word counts. Throws FipaContentError. */
export function readEnvelope(xml: string): Envelope {
  const root = readXml(xml);
  const params = root.children.filter(({ name }) => name === "params").toReversed();
  if (root.name !== "envelope" || params.length === 0) throw new FipaContentError("the envelope has no params");
  const last = (name: string) => params.map((each) => textIn(each, name)).find((text) => text !== undefined);
  const to = agentsIn(params, "to");
  const intended = agentsIn(params.slice(0, 1), "intended-receiver");
  return {
    to,
    from: agentsIn(params, "from")[0],
    receivers: intended.length > 0 ? intended : to,
    representation: last("acl-representation")?.toLowerCase() ?? "",
    encoding: last("payload-encoding"),
  };
}

const escaped = (text: string): string => text.replaceAll(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
const agentXml = ({ name, addresses }: AgentIdentifier): string =>
  `<agent-identifier><name>${escaped(name)}</name><addresses>${addresses.map((url) => `<url>${escaped(url)}</url>`).join("")}</addresses></agent-identifier>`;

/** The envelope of a message of `bytes` to one receiver. */
export function writeEnvelope(
  from: AgentIdentifier,
  to: AgentIdentifier,
  { bytes, atMs }: { readonly bytes: number; readonly atMs: number },
): string {
  return [
    '<?xml version="1.0"?>\n<envelope><params index="1">',
    `<to>${agentXml(to)}</to><from>${agentXml(from)}</from>`,
    "<acl-representation>fipa.acl.rep.string.std</acl-representation>",
    `<payload-length>${bytes}</payload-length><payload-encoding>UTF-8</payload-encoding>`,
    `<date>${aclTime(atMs)}</date><intended-receiver>${agentXml(to)}</intended-receiver>`,
    "</params></envelope>",
  ].join("");
}
