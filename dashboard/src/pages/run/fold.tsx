import { ChevronRight } from "lucide-react";
import { CopyButton } from "../../parts/content/copy.tsx";
import { text } from "../../text/text.ts";

type Props = { readonly title: string; readonly content: string; readonly open?: boolean };

/** A long text behind its title. */
export function Fold({ title, content, open = false }: Props) {
  if (content === "") return null;
  return (
    <details open={open} className="group/fold border-b border-line last:border-b-0">
      <summary className="flex h-9 list-none items-center gap-2 px-4 text-sm hover:bg-hover">
        <ChevronRight aria-hidden className="size-3.5 text-faint group-open/fold:rotate-90" />
        <span className="flex-1">{title}</span>
        <span className="text-xs text-faint">{text.run.chars(content.length)}</span>
      </summary>
      <div className="relative border-t border-line bg-sunken/60">
        <div className="absolute top-1.5 right-1.5">
          <CopyButton value={content} />
        </div>
        <TextBlock label={title}>{content}</TextBlock>
      </div>
    </details>
  );
}

/** Text as it came: no markup, lines kept. */
export const TextBlock = ({ label, children }: { readonly label: string; readonly children: string }) => (
  <pre
    tabIndex={0}
    role="group"
    aria-label={label}
    className="max-h-96 overflow-auto px-4 py-3 font-mono text-xs leading-5 whitespace-pre-wrap [overflow-wrap:anywhere]"
  >
    {children}
  </pre>
);
