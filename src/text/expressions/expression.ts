import { type ASTNode, Environment, ParseError } from "@marcbachmann/cel-js";
import { type Json, type JsonObject } from "../../kernel/json.ts";
import { compile } from "./compile.ts";
import { CompileError, invalidExpression } from "./errors.ts";
import { COST_MAX, type Frame, type Step, EvalError } from "./evaluation.ts";

/** Characters of one expression. */
const SOURCE_CHARS_MAX = 2_000;

const parser = new Environment({
  limits: { maxAstNodes: 500, maxDepth: 32, maxListElements: 100, maxMapEntries: 100, maxCallArguments: 4 },
});

/** Result of an evaluation. */
export type Evaluated =
  | { readonly type: "value"; readonly value: Json }
  /** A key that is not there, types that do not go together, or too much work; `column` counts from 1 in the source. */
  | { readonly type: "failed"; readonly reason: string; readonly column: number };

/** A compiled expression. It keeps nothing between evaluations. */
export type Expression = {
  readonly source: string;
  /** Never throws. A variable that has no value is null. */
  readonly evaluate: (values: JsonObject) => Evaluated;
  /** Whether it comes to true; what fails, or comes to anything else, is false. */
  readonly test: (values: JsonObject) => boolean;
};

/**
 * An expression of CEL over plain JSON, compiled: operators, `a.b`, `a["b"]`, `a[0]`, lists, maps, `? :`, `in`, `has`, `size`,
 * texts' `contains`, `startsWith`, `endsWith`, `matches` (linear time), `all`, `exists`, `exists_one`, `filter`, `map`. Other
 * than in CEL there is one kind of number, JSON's, so that `bid.cost * 2` has no overloads to miss and 7 / 2 is 3.5.
 * At most 2,000 characters; an evaluation has a bounded cost. Throws an `ExpressionInvalidError`.
 */
export function compileExpression(
  source: string,
  { variables, costMax = COST_MAX }: { readonly variables: readonly string[]; readonly costMax?: number },
): Expression {
  const step = compiled(source, variables);
  const run = (values: JsonObject) => {
    const slots = variables.map((name): Json => (Object.hasOwn(values, name) ? (values[name] ?? null) : null));
    const frame: Frame = { slots, costLeft: costMax };
    return step(frame);
  };
  return {
    source,
    test: (values) => run(values) === true,
    evaluate: (values) => {
      const result = run(values);
      return result instanceof EvalError
        ? { type: "failed", reason: result.reason, column: result.start + 1 }
        : { type: "value", value: result };
    },
  };
}

function compiled(source: string, variables: readonly string[]): Step {
  try {
    if (source.length > SOURCE_CHARS_MAX) {
      throw new CompileError(
        `an expression has at most ${SOURCE_CHARS_MAX} characters, not ${source.length}`,
        0,
        "Shorten it.",
      );
    }
    return compile(parse(source), new Map(variables.map((name, index) => [name, index])));
  } catch (error) {
    if (error instanceof CompileError) throw invalidExpression(source, error);
    throw error;
  }
}

function parse(source: string): ASTNode {
  try {
    return parser.parse(source).ast;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const fix = "Expressions are CEL: message.performative == 'inform' && message.content.price < 100.";
    throw new CompileError(error.summary, Math.min(error.range?.start ?? 0, source.length), fix);
  }
}
