import { type AclMessage, type AgentIdentifier } from "./acl-message.ts";
import { AclScanner, type Charset } from "./acl-scanner.ts";
import { performativeOf } from "./wire/canonical-wire.ts";

/** How deep agents that resolve agents may nest. */
const RESOLVERS_DEPTH_MAX = 8;
const PARAMETERS_MAX = 64;
const AGENTS_MAX = 1_024;
const PARAMETER = /^:[a-z0-9][a-z0-9_.-]{0,127}$/i;

/**
 * A message from its text in the string representation of FIPA ACL (SC00070). Time and memory grow with the text, which
 * the caller bounds. Throws an `AclTextError` and nothing else.
 */
export function readAcl(text: string | Uint8Array, charset: Charset = "utf-8"): AclMessage {
  const scanner: AclScanner = new AclScanner(typeof text === "string" ? Buffer.from(text) : text, charset);
  scanner.expect("(");
  const act = scanner.word();
  const performative = performativeOf(act);
  if (performative === undefined)
    scanner.fail(`begins with ${JSON.stringify(act.slice(0, 40))}, which is no communicative act`);
  const found = readParameters(scanner);
  if (!scanner.isAtEnd) scanner.fail("continues after its end");
  return { performative, ...found };
}

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };
type Parameters = Omit<AclMessage, "performative">;

const WORDS = {
  ":content": "content",
  ":language": "language",
  ":encoding": "encoding",
  ":ontology": "ontology",
  ":protocol": "protocol",
  ":conversation-id": "conversationId",
  ":reply-with": "replyWith",
  ":in-reply-to": "inReplyTo",
  ":reply-by": "replyBy",
} as const satisfies Record<string, keyof Parameters>;
const isWordKey = (key: string): key is keyof typeof WORDS => Object.hasOwn(WORDS, key);

function readParameters(scanner: AclScanner): Parameters {
  const parameters = new Map<string, string>();
  const found: Mutable<Parameters> = {
    sender: undefined,
    receiver: [],
    replyTo: [],
    content: undefined,
    language: undefined,
    encoding: undefined,
    ontology: undefined,
    protocol: undefined,
    conversationId: undefined,
    replyWith: undefined,
    inReplyTo: undefined,
    replyBy: undefined,
    parameters: {},
  };
  for (const [key, written] of keysOf(scanner)) {
    if (key === ":sender") found.sender = readAgent(scanner, 0);
    else if (key === ":receiver") found.receiver = readList(scanner, () => readAgent(scanner, 0));
    else if (key === ":reply-to") found.replyTo = readList(scanner, () => readAgent(scanner, 0));
    else if (isWordKey(key)) found[WORDS[key]] = scanner.expression();
    else parameters.set(written.slice(1), scanner.expression());
  }
  found.parameters = Object.fromEntries(parameters);
  return found;
}

/** The parameter names up to the closing bracket, in lower case and as written, each once; the caller reads the values between. */
function* keysOf(scanner: AclScanner): Generator<readonly [key: string, written: string]> {
  const seen = new Set<string>();
  while (!scanner.take(")")) {
    const written = scanner.word();
    const key = written.toLowerCase();
    if (!PARAMETER.test(key))
      scanner.fail(`should have a parameter such as :sender, not ${JSON.stringify(written.slice(0, 40))}`);
    if (seen.has(key)) scanner.fail(`has ${key} twice`);
    if (seen.size === PARAMETERS_MAX) scanner.fail(`has more than ${PARAMETERS_MAX} parameters`);
    seen.add(key);
    yield [key, written];
  }
}

function readAgent(scanner: AclScanner, depth: number): AgentIdentifier {
  if (depth > RESOLVERS_DEPTH_MAX) scanner.fail(`nests agents deeper than ${RESOLVERS_DEPTH_MAX}`);
  scanner.expect("(");
  const head = scanner.word();
  if (head.toLowerCase() !== "agent-identifier") scanner.fail("should have agent-identifier here");
  let name: string | undefined;
  let addresses: readonly string[] = [];
  let resolvers: readonly AgentIdentifier[] = [];
  const parameters = new Map<string, string>();
  for (const [key, written] of keysOf(scanner)) {
    if (key === ":name") name = scanner.string();
    else if (key === ":addresses") addresses = readList(scanner, () => scanner.string());
    else if (key === ":resolvers") resolvers = readList(scanner, () => readAgent(scanner, depth + 1));
    else parameters.set(written.slice(1), scanner.expression());
  }
  if (name === undefined || name === "") scanner.fail("has an agent without a name");
  return { name, addresses, resolvers, parameters: Object.fromEntries(parameters) };
}

function readList<Item>(scanner: AclScanner, read: () => Item): readonly Item[] {
  scanner.expect("(");
  const head = scanner.word().toLowerCase();
  if (head !== "set" && head !== "sequence") scanner.fail("should have set or sequence here");
  const items: Item[] = [];
  while (!scanner.take(")")) {
    if (items.length === AGENTS_MAX) scanner.fail(`has a list of more than ${AGENTS_MAX}`);
    items.push(read());
  }
  return items;
}
