import type { FastifySchemaCompiler } from "fastify";
import type * as z from "zod";
import { checkInput, RequestInvalidError } from "../../operations/index.ts";

/** Checks the requests of routes that are not operations. */
export const checkRequest: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  (data: unknown) => {
    try {
      return { value: checkInput(schema, data) };
    } catch (error) {
      if (error instanceof RequestInvalidError) return { error };
      throw error;
    }
  };
