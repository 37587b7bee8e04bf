import type { Json } from "../../kernel/json.ts";
import type { ContentPart, ToolResult } from "../catalogue/index.ts";

/** A text that must not be seen, and the name to write in its place. */
export type Confidential = { readonly name: string; readonly value: string };

/** Hides texts, also in the forms programs write them in. */
export type Redactor = {
  text(text: string): string;
  json(value: Json): Json;
  bytes(bytes: Uint8Array): Uint8Array;
};
/** Undefined when there is nothing to hide. */
export type RedactorOf = (confidential: readonly Confidential[]) => Redactor | undefined;

/** Replaced values, such as a renewed token, stay redacted until this many newer ones exist. */
const SECRETS_MAX = 200;

/** Secrets of one server, and their redaction for all others. */
export class Secrets {
  readonly #redactorOf: RedactorOf;
  #known: readonly Confidential[] = [];
  #redactor: Redactor | undefined;

  constructor(redactorOf: RedactorOf) {
    this.#redactorOf = redactorOf;
  }

  /** These may not be shown from now on. */
  hide(confidential: readonly Confidential[]): void {
    const fresh = confidential.filter(({ value }) => !this.#known.some((each) => each.value === value));
    if (fresh.length === 0) return;
    this.#known = [...this.#known, ...fresh].slice(-SECRETS_MAX);
    this.#redactor = this.#redactorOf(this.#known);
  }

  text(text: string): string {
    return this.#redactor?.text(text) ?? text;
  }

  json(value: Json): Json {
    return this.#redactor?.json(value) ?? value;
  }

  /** Everything of a result that a model, a person or the journal will see. */
  result(result: ToolResult): ToolResult {
    const redactor = this.#redactor;
    if (redactor === undefined) return result;
    if (result.type !== "done") return { ...result, message: redactor.text(result.message) };
    const { structured } = result;
    return {
      ...result,
      content: result.content.map((part) => redactedPart(part, redactor)),
      structured: structured === undefined ? undefined : redactor.json(structured),
    };
  }
}

function redactedPart(part: ContentPart, redactor: Redactor): ContentPart {
  switch (part.type) {
    case "text": {
      const { text, resource } = part;
      const embedded = resource && {
        ...resource,
        uri: redactor.text(resource.uri),
        name: redactor.text(resource.name),
      };
      return { ...part, text: redactor.text(text), resource: embedded };
    }
    case "file":
      return { ...part, name: redactor.text(part.name), text: redactor.text(part.text) };
    case "bytes":
      return {
        ...part,
        name: redactor.text(part.name),
        bytes: redactor.bytes(part.bytes),
        uri: part.uri && redactor.text(part.uri),
      };
  }
}

const SECRET_NAME = /key|token|secret|passw|pwd|auth|credential|cookie|session|signature|dsn/i;
const SCHEME = /^(?:bearer|basic|token|digest|negotiate|apikey|api-key)\s+/i;

/**
 * What of a text that the configuration gives to a server has to be hidden: the text itself where its name says that it is
 * a secret or where it looks like one, without the scheme before it, and the password and the sensitive parameters of an address. A path, a number or a word is not redacted: to hide it would spoil results that have it by chance.
 */
export function confidentialIn(name: string, value: string): readonly Confidential[] {
  const bare = value.trim().replace(SCHEME, "");
  const address = addressParts(name, bare);
  if (address !== undefined) return address;
  if (!SECRET_NAME.test(name) && !looksSecret(bare)) return [];
  return [{ name, value: bare }, ...passwordOf(name, value)];
}

/** Of a program's arguments: `--token x`, `--token=x`, and text that looks like a secret. */
export const confidentialInArguments = (given: readonly string[]): readonly Confidential[] =>
  given.flatMap((argument, index) => {
    const [, option, own] = /^(?:--?)?([\w.-]+)=(.*)$/s.exec(argument) ?? [];
    if (option !== undefined && own !== undefined) return confidentialIn(option, own);
    const [, before = "argument"] = /^--?([\w-]+)$/.exec(given[index - 1] ?? "") ?? [];
    return argument.startsWith("-") ? [] : confidentialIn(before, argument);
  });

/** Long, without separators, with letters and digits mixed, and no path: an ordinary word is not like this. */
const looksSecret = (text: string): boolean =>
  /^[^\s/@\\]{16,}$/.test(text) && /[a-z]/i.test(text) && (text.match(/\d/g)?.length ?? 0) >= 2;

function addressParts(name: string, text: string): readonly Confidential[] | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { username, password, searchParams } = new URL(text);
  const user = password === "" ? username : password;
  return [
    ...[user, decoded(user)].map((value) => ({ name, value })),
    ...[...searchParams].flatMap(([key, value]) => confidentialIn(key, value)),
  ].filter(({ value }) => value !== "");
}

/** The password that HTTP Basic holds in base64. */
function passwordOf(name: string, value: string): readonly Confidential[] {
  if (!/^basic\s/i.test(value.trim())) return [];
  const [, password = ""] = /:(.*)$/s.exec(Buffer.from(value.trim().slice(6), "base64").toString("utf8")) ?? [];
  return password === "" ? [] : [{ name, value: password }];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
