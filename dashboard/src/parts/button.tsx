import type { ComponentProps, ReactNode } from "react";
import { type Needs, useDenial } from "./permission.ts";
import { cx } from "./class-names.ts";

export type ButtonLook = "primary" | "plain" | "quiet" | "danger";

const LOOKS: { readonly [Look in ButtonLook]: string } = {
  primary: "bg-accent text-accent-ink border-transparent hover:bg-accent-strong",
  plain: "bg-surface text-ink border-line-strong hover:bg-hover",
  quiet: "bg-transparent text-muted border-transparent hover:bg-hover hover:text-ink",
  danger: "bg-surface text-bad border-line-strong hover:bg-bad-soft hover:border-bad",
};

/** The same look for buttons and for links that act like one. */
export const buttonClass = (look: ButtonLook = "plain", size: "small" | "normal" = "normal"): string =>
  cx(
    "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap",
    "transition-colors duration-100 select-none disabled:opacity-50 disabled:cursor-not-allowed",
    "[&_svg]:size-4 [&_svg]:shrink-0",
    size === "small" ? "h-7 px-2 text-xs [&_svg]:size-3.5" : "h-8 px-3 text-sm",
    LOOKS[look],
  );

/** The operation that a button performs. Without its permission the button is disabled and says why. */
type Permitted = { needs?: Needs };

function usePermitted(needs: Needs | undefined): Pick<ComponentProps<"button">, "disabled" | "title"> {
  const denial = useDenial()(needs);
  return denial === undefined ? {} : { disabled: true, title: denial };
}

type Props = ComponentProps<"button"> & Permitted & { look?: ButtonLook; size?: "small" | "normal" };

export function Button({ look = "plain", size = "normal", className, type = "button", needs, ...rest }: Props) {
  return <button type={type} className={cx(buttonClass(look, size), className)} {...rest} {...usePermitted(needs)} />;
}

type IconProps = ComponentProps<"button"> & Permitted & { label: string; children: ReactNode };

/** A button that is only an icon; its label is read out and shown on hover. */
export function IconButton({ label, className, type = "button", needs, ...rest }: IconProps) {
  return (
    <button
      type={type}
      aria-label={label}
      title={label}
      className={cx(
        "inline-flex size-8 shrink-0 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-ink",
        "transition-colors duration-100 disabled:cursor-not-allowed disabled:opacity-50 [&_svg]:size-4",
        className,
      )}
      {...rest}
      {...usePermitted(needs)}
    />
  );
}
