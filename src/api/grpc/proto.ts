import { OPERATIONS } from "../operations/index.ts";
import numbers from "./numbers.json" with { type: "json" };
import { Numbers } from "./numbers.ts";
import { GrpcSchema } from "./schema.ts";

/** The services and messages of all operations with their locked numbers. */
export const currentSchema = (): GrpcSchema =>
  new GrpcSchema(
    OPERATIONS.map(({ operation }) => operation),
    Numbers.parse(numbers),
  );
