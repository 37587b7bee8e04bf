/** Expressions that people write over plain data: compiled once, of bounded cost. */
export { ExpressionInvalidError, type ExpressionPlace } from "./errors.ts";
export { compileExpression, type Evaluated, type Expression } from "./expression.ts";
