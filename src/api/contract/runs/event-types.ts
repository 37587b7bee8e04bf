import * as z from "zod";

/** Query parameter such as `?types=run,step`: comma-separated event types out of `all`; undefined if absent. */
export const typeList = <const Type extends string>(types: readonly Type[]) =>
  z
    .string()
    .transform((text) => text.split(",").map((type) => type.trim()))
    .pipe(z.array(z.enum(types)).min(1))
    .optional();
