import { useServerNow } from "./clock.ts";
import { ago, fullTime } from "./format.ts";

/** When something was, as seen from now; the exact time on hover. */
export function Ago({ at }: { readonly at: string }) {
  const nowMs = useServerNow(15_000);
  return (
    <time dateTime={at} title={fullTime(at)} className="whitespace-nowrap">
      {ago(at, nowMs)}
    </time>
  );
}
