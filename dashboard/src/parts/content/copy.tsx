import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { text } from "../../text/text.ts";
import { Button } from "../button.tsx";
import { notify } from "../problems/notice.tsx";

/** Puts text on the clipboard and says so. Outside a secure context the clipboard needs the old way. */
export async function copyText(value: string): Promise<void> {
  const copied = await writeClipboard(value);
  notify(copied ? text.actions.copied : text.actions.copyFailed);
}

async function writeClipboard(value: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = value;
    document.body.append(area);
    area.select();
    // The only way on plain http, where the clipboard interface is not there.
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}

type Props = { readonly value: string; readonly label?: string; readonly look?: "plain" | "quiet" };

export function CopyButton({ value, label = text.actions.copy, look = "quiet" }: Props) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <Button look={look} size="small" onClick={() => void copy()}>
      {copied ? <Check aria-hidden /> : <Copy aria-hidden />}
      {label}
    </Button>
  );
}

/** A command to type, with a button that copies it. */
export function Command({ children }: { readonly children: string }) {
  return (
    <span className="inline-flex max-w-full items-center gap-1 rounded-md border border-line bg-sunken py-0.5 pr-0.5 pl-2.5">
      <code className="truncate font-mono text-xs">{children}</code>
      <button
        type="button"
        aria-label={text.actions.copyCommand(children)}
        title={text.actions.copy}
        onClick={() => void copyText(children)}
        className="inline-flex size-6 shrink-0 items-center justify-center rounded text-faint hover:bg-hover hover:text-ink"
      >
        <Copy aria-hidden className="size-3.5" />
      </button>
    </span>
  );
}
