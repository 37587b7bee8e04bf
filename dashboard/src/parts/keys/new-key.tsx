import { CopyButton } from "../content/copy.tsx";
import { text } from "../../text/text.ts";

export type Shown = { readonly note: string; readonly copy: string };
const KEY: Shown = { note: text.access.once, copy: text.access.copyKey };

type Props = { readonly value: string; readonly shown?: Shown | undefined };

/** An API key or a login link, which is shown once. */
export const NewKey = ({ value, shown: { note, copy } = KEY }: Props) => (
  <div role="status" className="space-y-2 rounded-lg border border-line bg-sunken p-3">
    <p className="text-sm">{note}</p>
    <code className="block font-mono text-xs [overflow-wrap:anywhere]">{value}</code>
    <CopyButton value={value} look="plain" label={copy} />
  </div>
);
