import { X } from "lucide-react";
import { useId, useLayoutEffect, useRef, type ReactNode } from "react";
import { text } from "../../text/text.ts";
import { IconButton } from "../button.tsx";
import { cx } from "../class-names.ts";

type Props = {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly wide?: boolean;
  /** Without a visible title and frame, for the palette. */
  readonly bare?: boolean;
};

/**
 * The browser's own modal dialog: it holds the focus, gives it back, closes on Escape and makes the rest inert, without
 * styles put into the page at run time, which the content security policy forbids.
 */
export function Dialog({ title, onClose, children, wide = false, bare = false }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Before the browser paints, and on the way out before it is taken from the page: closing gives the focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => event.target === ref.current && onClose()}
      className={cx(
        "m-auto max-h-[85vh] w-[calc(100vw-2rem)] animate-rise overflow-hidden rounded-xl border border-line-strong",
        "bg-surface p-0 shadow-pop open:flex open:flex-col",
        wide ? "max-w-4xl" : "max-w-lg",
        bare && "mt-[12vh] max-w-xl",
      )}
    >
      <header className={cx("flex items-center gap-3 border-b border-line py-2.5 pr-2.5 pl-5", bare && "sr-only")}>
        <h2 id={titleId} className="flex-1 text-lg font-semibold">
          {title}
        </h2>
        {bare ? null : (
          <IconButton label={text.actions.close} onClick={onClose}>
            <X aria-hidden />
          </IconButton>
        )}
      </header>
      {children}
    </dialog>
  );
}
