import * as z from "zod";
import type { Path } from "./problem.ts";

/** The schemas that may apply at a path, outermost first; several where unions branch. */
export function schemasAt(schema: z.core.$ZodType, path: Path): readonly z.core.$ZodType[] {
  let reached: readonly z.core.$ZodType[] = unwrap(schema);
  for (const part of path) reached = reached.flatMap((inner) => step(inner, part)).flatMap(unwrap);
  return reached;
}

function unwrap(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return [schema, ...schema.options.flatMap(unwrap)];
  if (schema instanceof z.ZodPipe) return [schema, ...unwrap(schema.in), ...unwrap(schema.out)];
  if (schema instanceof z.ZodLazy) return [schema, ...unwrap(schema.unwrap())];
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodCatch ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodNonOptional
  )
    return [schema, ...unwrap(schema.unwrap())];
  return [schema];
}

function step(schema: z.core.$ZodType, part: string | number): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) {
    const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
    const field = Object.hasOwn(shape, part) ? shape[part] : undefined;
    return field === undefined ? [] : [field];
  }
  if (schema instanceof z.ZodArray) return [schema.element];
  if (schema instanceof z.ZodRecord) return [schema.valueType];
  return [];
}

/** The keys that a table at this path may have. */
export const knownKeys = (schema: z.core.$ZodType, path: Path): readonly string[] =>
  schemasAt(schema, path).flatMap((inner) => (inner instanceof z.ZodObject ? Object.keys(inner.shape) : []));

/** The first example that the schema's `.meta()` gives for the value at this path. */
export function exampleAt(schema: z.core.$ZodType, path: Path): unknown {
  for (const inner of schemasAt(schema, path)) {
    const examples = inner instanceof z.ZodType ? inner.meta()?.["examples"] : undefined;
    if (Array.isArray(examples) && examples.length > 0) return examples[0];
  }
  return undefined;
}
