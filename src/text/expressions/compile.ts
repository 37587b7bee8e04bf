import { type ASTNode } from "@marcbachmann/cel-js";
import { type Json } from "../../kernel/json.ts";
import { element, list, map, member, presence } from "./access.ts";
import { CompileError } from "./errors.ts";
import { type Step } from "./evaluation.ts";
import { call, matching } from "./functions.ts";
import { collecting, quantified, single } from "./loops.ts";
import { binary, choice, logical, negative, not } from "./operators.ts";

/** Names and the slots their values are in. */
export type Scope = ReadonlyMap<string, number>;

/** A part of the parsed expression as a function. Throws a `Flaw`. */
export function compile(node: ASTNode, scope: Scope): Step {
  const inner = (part: ASTNode): Step => compile(part, scope);
  const { start } = node;
  switch (node.op) {
    case "value":
      return literal(node.args, start);
    case "id":
      return variable(node.args, scope, start);
    case ".":
      return member(inner(node.args[0]), node.args[1], node.pos);
    case "[]":
      return element(inner(node.args[0]), inner(node.args[1]), start);
    case "list":
      return list(node.args.map(inner), start);
    case "map":
      return map(
        node.args.map(([key, value]) => [inner(key), inner(value)] as const),
        start,
      );
    case "?:":
      return choice(inner(node.args[0]), [inner(node.args[1]), inner(node.args[2])], start);
    case "&&":
    case "||":
      return logical(node.op === "||", inner(node.args[0]), inner(node.args[1]), start);
    case "!_":
      return not(inner(node.args), start);
    case "-_":
      return negative(inner(node.args), start);
    case "call":
      return called(node.args[0], node.args[1], { scope, start });
    case "rcall":
      return method(node.args, { scope, start });
    case ".?":
    case "[?]":
      throw new CompileError("optional values are not taken", start, "Write has(a.b) && a.b == 1.");
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
    case "in":
      return binary(node.op, inner(node.args[0]), inner(node.args[1]), start);
  }
}

type Where = { readonly scope: Scope; readonly start: number };

function literal(value: unknown, start: number): Step {
  const plain: Json | undefined =
    value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean"
      ? value
      : typeof value === "bigint"
        ? Number(value)
        : undefined;
  if (plain === undefined) {
    throw new CompileError(
      "bytes and unsigned numbers are not taken",
      start,
      "Values are those of JSON: 1, 1.5, 'text', true, null.",
    );
  }
  return () => plain;
}

function variable(name: string, scope: Scope, start: number): Step {
  const slot = scope.get(name);
  if (slot === undefined) {
    const known = [...scope.keys()];
    throw new CompileError(
      `there is no ${name}`,
      start,
      `There ${known.length === 1 ? "is" : "are"} ${known.join(", ")}.`,
    );
  }
  return (frame) => frame.slots[slot] ?? null;
}

function called(name: string, args: readonly ASTNode[], { scope, start }: Where): Step {
  const [only] = args;
  if (name === "has" && only?.op === ".") return presence(compile(only.args[0], scope), only.args[1]);
  return call(
    name,
    args.map((part) => compile(part, scope)),
    start,
  );
}

const LOOPS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "filter", "map"]);

function method([name, receiver, args]: [string, ASTNode, ASTNode[]], where: Where): Step {
  const { scope, start } = where;
  const target = compile(receiver, scope);
  if (LOOPS.has(name)) return loop(name, target, args, where);
  const [only] = args;
  if (name !== "matches") return call(name, [target, ...args.map((part) => compile(part, scope))], start);
  if (args.length !== 1 || only?.op !== "value" || typeof only.args !== "string") {
    throw new CompileError("matches takes one pattern, written out", start, "Write it as in x.matches('^a+$').");
  }
  return matching(target, only.args, only.start);
}

function loop(name: string, over: Step, args: readonly ASTNode[], { scope, start }: Where): Step {
  const [item, first, second, ...others] = args;
  const isMap = name === "map";
  if (item?.op !== "id" || first === undefined || others.length > 0 || (second !== undefined && !isMap)) {
    const shape = isMap ? "x.map(i, value) or x.map(i, condition, value)" : `x.${name}(i, condition)`;
    throw new CompileError(`${name} is written otherwise`, start, `Write ${shape}.`);
  }
  const slot = Math.max(-1, ...scope.values()) + 1;
  const within: Scope = new Map([...scope, [item.args, slot]]);
  const [one, other] = [compile(first, within), second && compile(second, within)];
  const each = { over, slot, start };
  if (name === "all" || name === "exists") return quantified(name === "exists", each, one);
  if (name === "exists_one") return single(each, one);
  if (name === "filter") return collecting(each, one, undefined);
  return other === undefined ? collecting(each, undefined, one) : collecting(each, one, other);
}
