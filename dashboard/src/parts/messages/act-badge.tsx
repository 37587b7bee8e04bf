import { actLook } from "./act-look.ts";
import { cx } from "../class-names.ts";

/** What is done by saying it: request, inform, refuse… */
export const ActBadge = ({ act }: { readonly act: string }) => (
  <span
    className={cx(
      "inline-block rounded-full px-2 py-0.5 text-xs leading-4 font-medium whitespace-nowrap",
      actLook(act),
    )}
  >
    {act}
  </span>
);
