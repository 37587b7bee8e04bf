import { CopyButton } from "../../parts/content/copy.tsx";
import { text } from "../../text/text.ts";

/** An API key, which is shown once. */
export const NewKey = ({ value }: { readonly value: string }) => (
  <div role="status" className="space-y-2 rounded-lg border border-line bg-sunken p-3">
    <p className="text-sm">{text.access.once}</p>
    <code className="block font-mono text-xs [overflow-wrap:anywhere]">{value}</code>
    <CopyButton value={value} look="plain" label={text.access.copyKey} />
  </div>
);
