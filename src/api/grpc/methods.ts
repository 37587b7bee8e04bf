import * as z from "zod";
import { Download, Events, type Operation, takes } from "../contract/index.ts";
import { pascal, type Shape, Shapes } from "./shapes.ts";

/**
 * How a method answers. unary: one message. events: a stream of the operation's events. file: a stream of pieces of a file.
 */
export type Kind = "unary" | "events" | "file";

/** A method for an operation. */
export type Method = {
  readonly operation: Operation;
  readonly service: string;
  readonly name: string;
  readonly kind: Kind;
  readonly request: string;
  readonly response: string;
  /** The field of the response that has the output, if the response is not the output itself. */
  readonly field: string | undefined;
};

/** Operations of browsers, and those that receive a file as a stream. */
const isServed = ({ name, receives }: Operation): boolean => !name.startsWith("session.") && receives.length === 0;

/** Words of reading operations that are verbs; every other one is a noun, and its method gets "Get". */
const READING = new Set(["get", "list", "find", "watch", "export", "verify", "compare"]);
const FILE = "FilePiece";

/** The methods of operations, and the messages that they need. */
export function describeMethods(operations: readonly Operation[]): {
  readonly methods: readonly Method[];
  readonly shapes: Shapes;
} {
  const shapes = new Shapes();
  const methods = operations.filter(isServed).flatMap((operation) => methodsOf(operation, shapes));
  for (const { name } of methods)
    if (methods.filter((each) => each.name === name).length > 1) throw new Error(`two methods are named ${name}`);
  return { methods, shapes };
}

function methodsOf(operation: Operation, shapes: Shapes): readonly Method[] {
  const { output, events } = operation;
  const [noun = "", verb = ""] = operation.name.split(".");
  const service = `${pascal(noun)}Service`;
  const base = { operation, service };
  const name = nameOf(operation, noun, verb);
  const parts = (["params", "body", "query"] as const).filter((part) => takes(operation, part));
  const request = (method: string) => {
    shapes.request(
      `${method}Request`,
      parts.map((part) => operation[part]),
    );
    return `${method}Request`;
  };
  const watch = (method: string): Method => {
    const field = "event";
    const event = shapes.output(events ?? z.never(), `${pascal(noun)}Event`);
    shapes.add(`${method}Response`, { event_id: { type: "string" }, [field]: event });
    return { ...base, name: method, kind: "events", request: request(method), response: `${method}Response`, field };
  };
  if (output === Download) {
    if (!shapes.messages.has(FILE)) shapes.add(FILE, { media_type: { type: "string" }, data: { type: "bytes" } });
    return [{ ...base, name, kind: "file", request: request(name), response: FILE, field: undefined }];
  }
  if (output === Events) return [watch(name)];
  const found = shapes.output(output, `${name}Response`);
  const unary = {
    ...base,
    name,
    kind: "unary",
    request: request(name),
    ...responseOf(found, output, name, shapes),
  } as const;
  if (events === undefined) return [unary];
  return [
    unary,
    watch(
      name.startsWith("Get") ? name.replace("Get", "Watch") : name.replace(pascal(noun), `AndWatch${pascal(noun)}`),
    ),
  ];
}

function responseOf(shape: Shape, output: z.ZodType, name: string, shapes: Shapes): Pick<Method, "response" | "field"> {
  if (shape.type === "message") return { response: shape.name, field: undefined };
  const response = `${name}Response`;
  const isEmpty = output instanceof z.ZodNull;
  shapes.add(response, isEmpty ? {} : { value: shape });
  return { response, field: isEmpty ? undefined : "value" };
}

/** Verb, noun, and the rest: GetAgent, ListAgents, GetAgentRevisions, RotateParticipantToken. */
function nameOf({ http }: Operation, noun: string, verb: string): string {
  const words = verb.split(/(?=[A-Z])/).map(pascal);
  const [first = "", ...rest] = http.method === "GET" && !READING.has(verb) ? ["Get", ...words] : words;
  return first + (verb === "list" ? plural(pascal(noun)) : pascal(noun)) + rest.join("");
}

function plural(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(?:[sx]|[cs]h)$/.test(noun) ? `${noun}es` : `${noun}s`;
}
