import type { ComponentProps, ReactNode } from "react";
import { cx } from "./class-names.ts";

type Props = { readonly label: string; readonly children: ReactNode; readonly rows?: number | undefined };

/** A real table in a frame that scrolls sideways when it has to. `rows` is the whole count when not all are in the page. */
export function Table({ label, children, rows }: Props) {
  return (
    <div
      role="group"
      aria-label={label}
      tabIndex={0}
      className="relative overflow-x-auto rounded-lg border border-line bg-surface shadow-card"
    >
      <table aria-label={label} aria-rowcount={rows} className="w-full border-collapse text-sm">
        {children}
      </table>
    </div>
  );
}

export const Th = ({ className, ...rest }: ComponentProps<"th">) => (
  <th
    scope="col"
    className={cx(
      "h-9 border-b border-line px-3 text-left text-xs font-medium whitespace-nowrap text-muted first:pl-4 last:pr-4",
      className,
    )}
    {...rest}
  />
);

export const Td = ({ className, ...rest }: ComponentProps<"td">) => (
  <td className={cx("px-3 py-2 align-middle first:pl-4 last:pr-4", className)} {...rest} />
);

/** A row whose link, marked `data-row-link`, covers it whole. */
export const Row = ({ className, ...rest }: ComponentProps<"tr">) => (
  <tr
    className={cx(
      "group relative border-b border-line last:border-b-0 hover:bg-hover has-[[data-row-link]:focus-visible]:bg-accent-soft",
      className,
    )}
    {...rest}
  />
);

/** For the link of a row. */
export const rowLink =
  "font-medium outline-none after:absolute after:inset-0 after:content-[''] focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent";
