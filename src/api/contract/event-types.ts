import * as z from "zod";

/** `?types=run,step`: kinds of events with commas between, each one of those given; undefined when there is none. */
export const typeList = <const Type extends string>(types: readonly Type[]) =>
  z
    .string()
    .transform((text) => text.split(",").map((type) => type.trim()))
    .pipe(z.array(z.enum(types)).min(1))
    .optional();
